/** Adds, formats, parses and measures dates, in English and German. */
import { task } from "@capsule/sdk";
import { addBusinessDays, differenceInDays, format, formatDistance, parse } from "date-fns";
import { de } from "date-fns/locale";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const day = new Date(2024, 1, 28);
  equal(format(day, "EEEE, do MMMM yyyy"), "Wednesday, 28th February 2024");
  equal(format(day, "EEEE, d. MMMM", { locale: de }), "Mittwoch, 28. Februar");
  equal(format(addBusinessDays(day, 3), "yyyy-MM-dd"), "2024-03-04");
  equal(differenceInDays(parse("01.03.2024", "dd.MM.yyyy", day), day), 2);
  equal(formatDistance(0, 90 * 60_000), "about 2 hours");
});
