/** URL and URLSearchParams, from the library that the standard's authors keep. */
import { URL, URLSearchParams } from "whatwg-url";
import { define } from "./define.ts";

define({ URL, URLSearchParams });
