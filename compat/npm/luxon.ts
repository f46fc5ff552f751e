/** Computes with dates, durations and intervals, in UTC. */
import { task } from "@capsule/sdk";
import { DateTime, Duration, Interval } from "luxon";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const start = DateTime.fromISO("2024-02-28T12:00:00Z", { zone: "utc" });
  equal(start.plus({ days: 2 }).toISODate(), "2024-03-01");
  equal(Interval.fromDateTimes(start, start.plus({ hours: 36 })).length("days"), 1.5);
  equal(Duration.fromObject({ minutes: 90 }).shiftTo("hours", "minutes").toObject(), {
    hours: 1,
    minutes: 30,
  });
  equal(start.setZone("Europe/Berlin").hour, 13);
  equal(start.toFormat("cccc, d LLLL yyyy"), "Wednesday, 28 February 2024");
});
