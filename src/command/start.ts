import { clientFolder, startStudio } from "../../editor/server/studio.ts";
import { type Command, readArguments, readWhole, usageError } from "./command.ts";
import { buildClientIfStale } from "./freshClient.ts";
import { openBrowser } from "./openBrowser.ts";
import { probeDevice } from "./probeDevice.ts";

const usage = "flamingo start [--port N] [--no-open]";

/** Serves the studio until it is interrupted. */
export const start: Command = {
  help: `${usage}

Opens the studio in the browser, for this machine only. The address that is printed has a token: keep it to yourself.

  --port N    this port and no other; the first free one from 7007 on without it
  --no-open   print the address, and open no browser

Jupyter clients connect to the same address with jupyter/ before its ?token= (in VS Code: Existing Jupyter Server).

Ctrl-C stops the run that goes on, with a checkpoint, and then the studio; runs that wait go on at the next start; a second Ctrl-C ends at once.
`,
  run: async (args, context) => {
    const options = { port: { type: "string" }, "no-open": { type: "boolean" } } as const;
    const { values, positionals } = readArguments(args, options, usage);
    if (positionals.length > 0) throw usageError("start takes no file", usage);
    const port = readWhole("port", values.port, 0, usage);
    if (port !== undefined && port > 65_535) throw usageError("--port is at most 65535", usage);
    const { out, err, home } = context;
    await buildClientIfStale(clientFolder, (line) => err.write(`${line}\n`));
    const device = probeDevice();
    const library = await context.execution();
    const studio = await startStudio({ home, library, device, ...(port === undefined ? {} : { port }) });
    const interrupted = new Promise<void>((resolve) => {
      context.onInterrupt(() => {
        const waiting = studio.waiting();
        const note = waiting > 0 ? `; runs that wait (${waiting}) go on at the next start` : "";
        err.write(`\nstopping${note}; Ctrl-C again ends at once\n`);
        resolve();
      });
    });
    out.write(`${studio.url}\n`);
    if (!values["no-open"]) openBrowser(studio.inviteUrl());
    await interrupted;
    await studio.close();
    return 0;
  },
};
