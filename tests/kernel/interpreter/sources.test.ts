import { expect, test } from "vitest";
import { Sources } from "../../../kernel/interpreter/sources.ts";
import { tellSourcesInStackTraces } from "../../../kernel/interpreter/stackTrace.ts";

test("the oldest cells are forgotten where their text is too much, and never the latest", () => {
  const sources = new Sources(100);
  sources.add("In[1]", "a".repeat(60), "{}");
  sources.add("In[2]", "b".repeat(30), "{}");
  expect([sources.has("In[1]"), sources.has("In[2]")]).toEqual([true, true]);
  sources.add("In[3]", "c".repeat(40), "{}");
  expect([sources.has("In[1]"), sources.has("In[2]"), sources.has("In[3]")]).toEqual([false, true, true]);
  sources.add("In[4]", "d".repeat(500), "{}");
  expect([sources.has("In[3]"), sources.has("In[4]")]).toEqual([false, true]);
});

test("a frame of a cell that is forgotten tells the cell, and no line that nobody has written", () => {
  const undo = tellSourcesInStackTraces(new Sources());
  try {
    const thrower = new Function("throw new Error('old')\n//# sourceURL=In[7]") as () => void;
    expect.assertions(1);
    try {
      thrower();
    } catch (error) {
      expect((error as Error).stack!.split("\n").find((line) => line.includes("In["))).toMatch(/\(In\[7\]\)$/);
    }
  } finally {
    undo();
  }
});
