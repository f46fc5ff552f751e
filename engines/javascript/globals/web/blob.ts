/** Blob and File, from the library that node-fetch has them from. */
import { Blob } from "fetch-blob";
import { File } from "fetch-blob/file.js";
import { define } from "../define.ts";

define({ Blob, File });
