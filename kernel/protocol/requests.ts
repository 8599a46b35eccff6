import * as z from "zod";
import { FlamingoError } from "../../src/core/errors.ts";
import { jsonObject, type Message } from "./message.ts";

/** What a client sends with each request (Jupyter messaging), with the protocol's defaults. */
export const requestContents = {
  kernel_info_request: z.looseObject({}),
  execute_request: z.looseObject({
    code: z.string(),
    silent: z.boolean().default(false),
    /** Ignored where silent. */
    store_history: z.boolean().default(true),
    /** Name → expression. */
    user_expressions: z.record(z.string(), z.string()).nullish(),
    allow_stdin: z.boolean().default(true),
    stop_on_error: z.boolean().default(true),
  }),
  complete_request: z.looseObject({
    code: z.string(),
    /** In code points. */
    cursor_pos: z.int().min(0),
  }),
  inspect_request: z.looseObject({
    code: z.string(),
    /** In code points. */
    cursor_pos: z.int().min(0),
    /** 1 asks for more than 0. */
    detail_level: z.int().default(0),
  }),
  is_complete_request: z.looseObject({ code: z.string() }),
  history_request: z.looseObject({
    hist_access_type: z.enum(["range", "tail", "search"]),
    output: z.boolean().default(false),
    raw: z.boolean().default(true),
    /** 0 is this session, negative ones are before it. */
    session: z.int().nullish(),
    start: z.int().nullish(),
    stop: z.int().nullish(),
    n: z.int().min(0).nullish(),
    /** With `*` and `?`. */
    pattern: z.string().nullish(),
    unique: z.boolean().nullish(),
  }),
  comm_info_request: z.looseObject({ target_name: z.string().nullish() }),
  comm_open: z.looseObject({ comm_id: z.string(), target_name: z.string(), data: jsonObject.default({}) }),
  comm_msg: z.looseObject({ comm_id: z.string(), data: jsonObject.default({}) }),
  comm_close: z.looseObject({ comm_id: z.string(), data: jsonObject.default({}) }),
  interrupt_request: z.looseObject({}),
  shutdown_request: z.looseObject({ restart: z.boolean().default(false) }),
  debug_request: z.looseObject({ seq: z.int().default(0), command: z.string().default("") }),
  input_reply: z.looseObject({ value: z.string() }),
};

export type RequestType = keyof typeof requestContents;
export type RequestContent<Type extends RequestType> = z.infer<(typeof requestContents)[Type]>;

/** @throws FlamingoError KERNEL_MESSAGE where the content is not what the type calls for */
export function readContent<Type extends RequestType>(type: Type, message: Message): RequestContent<Type> {
  const parsed = requestContents[type].safeParse(message.content);
  if (parsed.success) return parsed.data as RequestContent<Type>;
  throw new FlamingoError("KERNEL_MESSAGE", `a ${type} does not fit: ${z.prettifyError(parsed.error)}`, {
    fix: "send messages as Jupyter's messaging protocol says",
  });
}
