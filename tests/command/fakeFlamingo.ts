import { main, terminalContext } from "../../src/command/main.ts";
import { fakeExecution } from "./fakeExecution.ts";

/** The `flamingo` command in a process of its own, with a model that is none. */
process.exitCode = await main(process.argv.slice(2), { ...terminalContext(), execution: async () => fakeExecution });
