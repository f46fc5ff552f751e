/** Multiplies, inverts and decomposes matrices. */
import { task } from "@capsule/sdk";
import { EigenvalueDecomposition, inverse, Matrix, solve } from "ml-matrix";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const matrix = new Matrix([[2, 0], [0, 4]]);
  equal(inverse(matrix).to2DArray(), [[0.5, 0], [0, 0.25]]);
  equal(matrix.mmul(Matrix.columnVector([1, 2])).to1DArray(), [2, 8]);
  equal(new EigenvalueDecomposition(matrix).realEigenvalues, [2, 4]);
  equal(solve(matrix, Matrix.columnVector([2, 4])).to1DArray(), [1, 1]);
});
