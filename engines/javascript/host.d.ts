/** The world's imports, as componentize-qjs shows them to JavaScript. */
declare module "capsule:host/operations@1.0.0" {
  export interface Payload {
    json: string;
    bytes: Uint8Array;
  }
  export function start(operation: string, request: Payload): number;
  /** Throws `{ payload: string }` for an operation that does not exist. */
  export function wait(handle: number, timeout: number | null): Payload | null;
  export function poll(timeout: number | null): number[];
  export function argumentBytes(): Uint8Array;
  export function resultBytes(bytes: Uint8Array): void;
  export function cancel(handle: number): void;
  export function write(descriptor: number, bytes: Uint8Array): void;
  export function random(count: number): Uint8Array;
  export function encode(text: string): Uint8Array;
  export function decode(bytes: Uint8Array, fatal: boolean): string;
}

declare module "capsule:host/events@1.0.0" {
  export function ended(): { read(): Promise<number[]> };
}
