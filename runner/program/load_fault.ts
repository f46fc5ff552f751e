import { CapsuleError } from "../../errors/error.ts";
import type { Place } from "../envelope/place.ts";

/** Top-level code of a program that failed. */
export class LoadFault extends CapsuleError {
  /** Where that was, as far as it is known. */
  readonly place: Place | undefined;
  /** Whether the hint names folders of the host: an envelope may go on to whoever wrote the program. */
  readonly isHintForHost: boolean;

  constructor(
    message: string,
    { hint, place, isHintForHost }: {
      hint: string | undefined;
      place: Place | undefined;
      isHintForHost: boolean;
    },
  ) {
    super("invalid_program", message, { hint });
    this.place = place;
    this.isHintForHost = isHintForHost;
  }
}
