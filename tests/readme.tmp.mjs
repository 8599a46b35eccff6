import { chromium } from "playwright-core";
const b = await chromium.launch({ executablePath: "/usr/bin/chromium", args: "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking".split(" ") });
const p = await b.newPage({ viewport: { width: 1440, height: 900 } });
const url = new URL(process.argv[2]);
await p.goto(url.href); await p.getByTestId("canvas").waitFor({timeout:60000});
await p.goto(url.origin + "/#run=emoji-captions-20261123-230131-a0a8"); await p.reload();
await p.getByTestId("attention-map").waitFor({timeout:60000}); await p.waitForTimeout(5000);
await p.screenshot({ path: "/tmp/readme.png" }); await b.close();
