/** Places on the pad's plane. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { axisNamed, CELLS, mapOf, partAt, pictureAt, REACH, shareOf, within } from "../../../api/studio/plane.js";

const near = (found, wanted) => assert.ok(Math.abs(found - wanted) < 1e-9, `${found} is not ${wanted}`);

test("a place is where the point is drawn, and back again", () => {
  for (const part of [-1, -0.3, 0, 0.52, 1]) near(partAt(shareOf(part)), part);
});

test("the ends of the reach lie in the middle of the outer cells", () => {
  near(shareOf(-1), 0.5 / CELLS);
  near(shareOf(0), 0.5);
  near(shareOf(1), 1 - 0.5 / CELLS);
});

test("no hand leads beyond the plane", () => {
  assert.deepEqual(within({ x: partAt(0), y: partAt(1.2) }), { x: -1, y: 1 });
  assert.deepEqual(within({ x: 0.25, y: -0.5 }), { x: 0.25, y: -0.5 });
});

test("an axis is a number of the code, or a concept by name", () => {
  assert.deepEqual(["5", "long_hair", "2nd"].map(axisNamed), [5, "long_hair", "2nd"]);
});

test("numbers of the code are moved, and concepts are named", () => {
  const middle = [0.1, 0.2, 0.3];

  assert.deepEqual(pictureAt(middle, { across: 0, down: "hat" }, { x: 1, y: -0.5 }), {
    mode: "point",
    latents: [[2.1, 0.2, 0.3]],
    concepts: { hat: -1 },
  });
  assert.deepEqual(middle, [0.1, 0.2, 0.3]);
});

test("the same direction twice adds up", () => {
  const place = { x: 0.5, y: 0.25 };

  assert.deepEqual(pictureAt([0], { across: "hat", down: "hat" }, place).concepts, { hat: 1.5 });
  assert.deepEqual(pictureAt([0], { across: 0, down: 0 }, place).latents, [[1.5]]);
});

test("the map reaches as far as the point does", () => {
  const { columns, rows, across_range: across, down_range: down, ...rest } = mapOf([0, 1], { across: 1, down: "hat" });

  assert.deepEqual([columns, rows, across, down], [CELLS, CELLS, [-REACH, REACH], [-REACH, REACH]]);
  assert.deepEqual(rest, { mode: "grid", layout: "sheet", latents: [[0, 1]], across: 1, down: "hat" });
});
