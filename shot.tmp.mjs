import { chromium } from "playwright-core";
const [url, out, theme="light", w="1440", h="900", wait="4000"] = process.argv.slice(2);
const b = await chromium.launch({ executablePath: "/usr/bin/chromium", args: "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(" ") });
const p = await b.newPage({ viewport: { width: +w, height: +h }, colorScheme: theme });
p.on("console", m => console.log("console", m.type(), m.text().slice(0, 300))); p.on("pageerror", e => console.log("pageerror", e.message.slice(0,300)));
await p.goto(url); await p.waitForTimeout(+wait); await p.screenshot({ path: out }); await b.close();
