import "./plainZod.ts";
import { createRoot } from "react-dom/client";
import { reportOf } from "../../src/core/errors.ts";
import { card } from "./graph/cardSize.ts";
import { Pages } from "./Pages.tsx";
import { Starting } from "./parts/Starting.tsx";
import { begin } from "./stores/document.ts";
import { followInsides } from "./stores/inside.ts";
import { watchMending } from "./stores/mended.ts";
import { watchOwnRun } from "./stores/ownRun.ts";
import { connectStudio } from "./stores/studio.ts";
import { applyTheme } from "./stores/theme.ts";
import { enter } from "./stores/token.ts";
import "@xyflow/react/dist/base.css";
import "./styles/tokens.css";
import "./styles/controls.css";
import "./styles/page.css";
import "./styles/canvas.css";
import "./styles/panels.css";

applyTheme();
for (const [name, value] of Object.entries(card))
  document.documentElement.style.setProperty(`--card-${name}`, `${value}px`);

const root = createRoot(document.getElementById("root")!);
root.render(<Starting />);
start();

function start(): void {
  enter()
    .then(begin)
    .then(
      () => {
        connectStudio();
        watchMending();
        followInsides();
        watchOwnRun();
        root.render(<Pages />);
      },
      (error: unknown) => {
        root.render(<Starting error={reportOf(error)} />);
        setTimeout(start, 2000);
      },
    );
}
