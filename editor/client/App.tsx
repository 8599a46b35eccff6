import { ReactFlowProvider } from "@xyflow/react";
import { useEffect } from "react";
import { Canvas } from "./parts/Canvas.tsx";
import { ConnectionBar } from "./parts/ConnectionBar.tsx";
import { Dialogs } from "./parts/Dialogs.tsx";
import { Dock } from "./parts/Dock.tsx";
import { ExtentDialog } from "./parts/ExtentDialog.tsx";
import { Inspector } from "./parts/Inspector.tsx";
import { Notices } from "./parts/Notices.tsx";
import { Palette } from "./parts/Palette.tsx";
import { Problems } from "./parts/Problems.tsx";
import { TopBar } from "./parts/TopBar.tsx";
import { Tour } from "./parts/Tour.tsx";
import { listenForShortcuts } from "./stores/context.ts";
import { listenForDrops } from "./stores/drop.ts";

/** The page: what can be done on top, the pipeline in the middle, the run below. */
export function App() {
  useEffect(listenForShortcuts, []);
  useEffect(listenForDrops, []);
  return (
    <div className="app">
      <TopBar />
      <ConnectionBar />
      <main className="stage">
        <ReactFlowProvider>
          <Canvas />
          <Palette />
          <Inspector />
        </ReactFlowProvider>
        <Notices />
      </main>
      <Problems />
      <Dock />
      <Dialogs />
      <ExtentDialog />
      <Tour />
    </div>
  );
}
