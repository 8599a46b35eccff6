import { join } from "node:path";
import type { CommandContext } from "../../src/command/command.ts";
import type { Execution } from "../../src/command/execution.ts";
import { main } from "../../src/command/main.ts";
import { findHome } from "../../src/runs/home.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { fakeExecution } from "./fakeExecution.ts";

export interface Called {
  code: number;
  out: string;
  err: string;
}

interface Replaced extends Partial<Execution> {
  home?: string;
  /** Interrupts when this text was written. */
  interruptAt?: string;
  isTTY?: boolean;
}

/** Calls the `flamingo` command in this process, with a model that is none. */
export async function callFlamingo(args: string[], { home, interruptAt, isTTY, ...replaced }: Replaced = {}) {
  const called: Called = { code: 0, out: "", err: "" };
  let interrupt = () => {};
  const look = () => {
    if (interruptAt !== undefined && `${called.out}${called.err}`.includes(interruptAt)) interrupt();
  };
  const context: CommandContext = {
    home: findHome({ FLAMINGO_HOME: home ?? join(temporaryFolder(), "home") }),
    out: {
      isTTY: isTTY ?? false,
      columns: 200,
      write: (text) => {
        called.out += text;
        look();
      },
    },
    err: {
      write: (text) => {
        called.err += text;
        look();
      },
    },
    execution: async () => ({ ...fakeExecution, ...replaced }),
    onInterrupt: (stop) => {
      let asked = false;
      interrupt = () => {
        if (asked) return;
        asked = true;
        stop();
      };
      return () => {};
    },
  };
  called.code = await main(args, context);
  return called;
}
