// Plain JavaScript, because a worker thread has no TypeScript of its own. Nothing but the sockets is loaded here: a client
// that starts a kernel waits for them. The packages come first: once tsx is there it looks into each of their many files.
require("zeromq");
require("zod");
require("tsx/cjs/api").register();
require("./worker.ts");
