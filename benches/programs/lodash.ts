import { task } from "@capsule/sdk";
import _ from "lodash";

export const main = task({ name: "main" }, () => _.chunk(_.range(6), 2).length);
