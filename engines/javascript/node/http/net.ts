/** `node:net` without sockets: address checks. Other exports throw when they are used. */
import { partly } from "../unavailable.ts";

const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

function isIPv4(text: unknown): boolean {
  return typeof text === "string" && V4.test(text);
}

function isIPv6(text: unknown): boolean {
  if (typeof text !== "string" || !text.includes(":")) return false;
  return URL.canParse(`http://[${text.replace(/%[\w.]+$/, "")}]/`);
}

export default partly("net", {
  isIP: (text: unknown) => isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0,
  isIPv4,
  isIPv6,
});
