/** `allowedHosts`, parsed. */
import type { HostRule } from "../../ffi/native.ts";
import { parseList } from "./access.ts";
import { Invalid } from "../../errors/invalid.ts";

/** Of a name, as the domain name system has it. */
const NAME_LENGTH_AT_MOST = 253;
/** With a scheme and a port. */
const LENGTH_AT_MOST = NAME_LENGTH_AT_MOST + 20;
/** `https://`, `*.`, a name or an address, and a port, of which the host is all that must be there. */
const PATTERN = /^(?:(https?):\/\/)?(\*\.)?(\[[\da-f:.]+\]|[^\s/?#@:\\*[\]%]+)(?::(\d{1,5}))?\/?$/i;

/**
 * Hosts: `api.x.com`, `*.x.com` (subdomains of any depth, not `x.com`), `host:port`, `https://api.x.com`
 * (that scheme only), or `*`.
 */
export function parseAllowedHosts(value: unknown): HostRule[] {
  return parseList(value, "hosts", parseHost);
}

function parseHost(value: unknown): HostRule {
  if (value === "*") return { scheme: null, host: null, subdomains: false, port: null };
  const isShort = typeof value === "string" && value.length <= LENGTH_AT_MOST;
  const match = isShort ? value.match(PATTERN) : null;
  if (match === null) throw refused(value);
  const [, scheme, star, name, digits] = match;
  // As the URL standard has it: lower case, `xn--` for other scripts, addresses in their one spelling.
  const url = URL.parse(`http://${name}/`);
  const host = url?.hostname.replace(/\.$/, "").replace(/^\[(.*)\]$/, "$1");
  const isAddress = host !== undefined && (/^[\d.]+$/.test(host) || host.includes(":"));
  if (host === undefined || host === "" || (star && isAddress)) throw refused(value);
  if (host.length > NAME_LENGTH_AT_MOST) throw refused(value);
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && (port < 1 || port > 65_535)) throw refused(value);
  return { scheme: scheme?.toLowerCase() ?? null, host, subdomains: star !== undefined, port };
}

function refused(value: unknown): Invalid {
  return new Invalid({
    expected: 'a host: "api.x.com", "*.x.com", "host:port", "https://api.x.com" or "*"',
    value,
  });
}
