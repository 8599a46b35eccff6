import { z } from "zod";

const fields = {
  /** A name in place of the pipeline's; empty for none. */
  name: z.string().max(120),
  starred: z.boolean(),
  tags: z.array(z.string().min(1).max(40)).max(20),
  notes: z.string().max(4000),
};

/** What a person notes about a run. Unlike what the run was started with, it may change at any time. */
export const marksSchema = z.strictObject(fields);

/** What is to change of it. */
export const marksChange = marksSchema.partial();

export type MarksChange = z.output<typeof marksChange>;
export type RunMarks = z.output<typeof marksSchema>;

export const noMarks: RunMarks = { name: "", starred: false, tags: [], notes: "" };
