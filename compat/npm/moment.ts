/** Parses, formats and subtracts, in English and French. */
import { task } from "@capsule/sdk";
import moment from "moment";
import "moment/locale/fr.js";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  moment.locale("en");
  const day = moment.utc("2024-02-29T08:30:00Z");
  equal(day.format("dddd, MMMM Do YYYY, h:mm a"), "Thursday, February 29th 2024, 8:30 am");
  equal(day.clone().locale("fr").format("dddd D MMMM"), "jeudi 29 février");
  equal(day.clone().subtract(1, "year").format("YYYY-MM-DD"), "2023-02-28");
  equal(moment.duration(150, "minutes").humanize(), "3 hours");
});
