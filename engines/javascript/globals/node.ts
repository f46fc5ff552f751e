/** What Node has besides the web: packages expect it without importing it. */
import { Buffer } from "../node/buffer.ts";
import process from "../node/process/process.ts";
import { define } from "./define.ts";

define({ Buffer, process });
