import { partly } from "../unavailable.ts";

export default partly("tty", { isatty: () => false });
