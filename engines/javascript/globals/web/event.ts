/** Events, from event-target-shim. */
import { Event, EventTarget } from "event-target-shim";
import { define } from "../define.ts";

define({ Event, EventTarget });

export { Event, EventTarget };
