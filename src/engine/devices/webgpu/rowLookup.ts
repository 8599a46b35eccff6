import type { ShaderParts } from "./shader.ts";

const threads = 64;

/**
 * Copies the rows of a table that `ids` name, as a part of a shader. An id beyond the table reads nothing and gives NaN until the check
 * of the ids reports it. Of a table in several ranges, each writes the rows of its own ids.
 * @param value the number in column `i` of the row `row`, counted in the range
 */
export function rowLookup(value: string): Pick<ShaderParts, "writes" | "given" | "workgroup" | "body"> {
  return {
    writes: { y: "f32" },
    given: { count: "u32", width: "u32", rows: "u32", first: "u32", end: "u32", nan: "f32" },
    workgroup: [threads, 1],
    body: `
  for (var at = group.x; at < given.count; at += groups.x) {
    let id = ids[at];
    let known = id >= 0 && id < i32(given.rows);
    if (known && (u32(id) < given.first || u32(id) >= given.end)) { continue; }
    let row = u32(id) - given.first;
    for (var i = lane; i < given.width; i += ${threads}u) {
      if (known) { y[at * given.width + i] = ${value}; }
      else { y[at * given.width + i] = given.nan; }
    }
  }`,
  };
}
