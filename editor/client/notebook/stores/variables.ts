import type { KernelMessage } from "@jupyterlab/services";
import type { KernelConnection } from "@jupyterlab/services/lib/kernel/default.js";
import { create } from "zustand";
import {
  type OpenedMessage,
  type ValueSummary,
  type VariablesMessage,
  variablesTarget,
} from "../../../../kernel/protocol/variables.ts";

interface VariablesState {
  /** Whether the panel is shown. */
  shown: boolean;
  /** Undefined before the kernel has answered. */
  list: ValueSummary[] | undefined;
  /** What lies in the values that are open, by their way: names, joined as JSON. */
  opened: Readonly<Record<string, Omit<OpenedMessage, "opened"> | "asked">>;
}

/** The variables of the notebook's kernel. */
export const useVariables = create<VariablesState>(() => ({ shown: false, list: undefined, opened: {} }));

const { getState: get, setState: set } = useVariables;

/** The comm to the kernel, while there is one. */
let comm: { id: string; connection: KernelConnection } | undefined;

export function toggleVariables(): void {
  set({ shown: !get().shown });
}

/** Follows the variables of a kernel. @param client of this tab, under which it takes the place of the comm before a reload */
export function followVariables(connection: KernelConnection, client: string): void {
  comm = { id: `variables-${client}`, connection };
  set({ list: undefined, opened: {} });
  send("comm_open", { target_name: variablesTarget, data: {} });
}

/** The kernel is gone, or another one comes. */
export function forgetVariables(): void {
  comm = undefined;
  set({ list: undefined, opened: {} });
}

/** Opens a value, or closes it. */
export function toggleValue(path: readonly string[]): void {
  const key = JSON.stringify(path);
  const { [key]: before, ...rest } = get().opened;
  set({ opened: before === undefined ? { ...rest, [key]: "asked" } : rest });
  if (before === undefined) send("comm_msg", { data: { open: [...path] } });
}

/** Takes over a message of the comm. */
export function receiveVariables({ header, content }: KernelMessage.IMessage): void {
  const { comm_id, data } = content as { comm_id?: string; data?: VariablesMessage | OpenedMessage };
  if (header.msg_type !== "comm_msg" || comm === undefined || comm_id !== comm.id || !data) return;
  if ("variables" in data) {
    set({ list: data.variables });
    // What was open may hold something else by now.
    const names = new Set(data.variables.map(({ name }) => name));
    const ways = Object.keys(get().opened).map((key) => JSON.parse(key) as string[]);
    const kept = ways.filter(([name]) => names.has(name!));
    set({ opened: Object.fromEntries(kept.map((way) => [JSON.stringify(way), get().opened[JSON.stringify(way)]!])) });
    for (const open of kept) send("comm_msg", { data: { open } });
  } else if ("opened" in data) {
    const { opened, ...rest } = data;
    const key = JSON.stringify(opened);
    if (key in get().opened) set({ opened: { ...get().opened, [key]: rest } });
  }
}

function send(type: "comm_open" | "comm_msg", content: Record<string, unknown>): void {
  if (!comm) return;
  const { connection, id } = comm;
  const message = {
    header: {
      msg_id: crypto.randomUUID(),
      msg_type: type,
      session: connection.clientId,
      username: connection.username,
      date: new Date().toISOString(),
      version: "5.3",
    },
    parent_header: {},
    metadata: {},
    content: { comm_id: id, ...content },
    channel: "shell",
    buffers: [],
  } as unknown as KernelMessage.IShellMessage;
  connection.sendShellMessage(message);
}
