/** Formats, adds and compares, with plugins for UTC, relative time and time zones. */
import { task } from "@capsule/sdk";
import dayjs from "dayjs";
import relativeTime from "dayjs/plugin/relativeTime.js";
import utc from "dayjs/plugin/utc.js";
import { equal } from "../expect.ts";

dayjs.extend(utc);
dayjs.extend(relativeTime);

export const main = task({ name: "main" }, () => {
  const day = dayjs.utc("2024-01-31T10:00:00Z");
  equal(day.add(1, "month").format("YYYY-MM-DD HH:mm"), "2024-02-29 10:00");
  equal(day.from(day.subtract(3, "hour")), "in 3 hours");
  equal(day.startOf("week").isBefore(day), true);
  equal(dayjs.utc("2024-03-01").diff("2024-02-01", "day"), 29);
});
