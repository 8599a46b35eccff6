import { lazy, Suspense, useEffect } from "react";
import { FlamingoError } from "../../src/core/errors.ts";
import { App } from "./App.tsx";
import { PageFault } from "./parts/PageFault.tsx";
import { Starting } from "./parts/Starting.tsx";
import { openPipeline } from "./stores/document.ts";
import { openDialog, useEditor } from "./stores/editor.ts";
import { tellError } from "./stores/notices.ts";
import { followAddress, go, useRoute } from "./stores/route.ts";
import { useRun } from "./stores/run.ts";
import { watchRun } from "./stores/studio.ts";

/** Comes when it is opened first: text editor, formulas and the way to the kernels are no part of the editor's start. */
const NotebookPage = lazy(() => import("./notebook/NotebookPage.tsx"));

/** Opens the pipeline that a link names, unless that would drop what is not saved on the canvas. */
function openLinked(pipeline: string): void {
  const {
    origin,
    pipeline: { nodes },
  } = useEditor.getState();
  const run = useRun.getState().id;
  go({ page: "pipeline", ...(run === undefined ? {} : { run }) }, { replace: true });
  if (origin.changed && Object.keys(nodes).length > 0) {
    openDialog("open");
    const fix = "save it, then open the other from the list";
    tellError(new FlamingoError("CONFLICT", "the pipeline on the canvas has changes that are not saved", { fix }));
  } else void openPipeline(pipeline).catch(tellError);
}

const RunsPage = lazy(() => import("./runs/RunsPage.tsx"));
const AttentionPage = lazy(() => import("./attention/AttentionPage.tsx"));
const ExplanationPage = lazy(() => import("./explanation/ExplanationPage.tsx"));
const ComparePage = lazy(() => import("./runs/ComparePage.tsx"));

/** The page that the address names. */
export function Pages() {
  const route = useRoute();
  useEffect(followAddress, []);
  useEffect(() => {
    if (route.page !== "pipeline") return;
    if (route.run !== undefined) void watchRun(route.run).catch(tellError);
    if (route.pipeline !== undefined) openLinked(route.pipeline);
  }, [route]);
  if (route.page === "pipeline") return <App />;
  return (
    <PageFault>
      <Suspense fallback={<Starting />}>
        {route.page === "runs" ? (
          <RunsPage />
        ) : route.page === "compare" ? (
          <ComparePage chosen={route.runs} />
        ) : route.page === "attention" ? (
          <AttentionPage run={route.run} other={route.other} />
        ) : route.page === "explanation" ? (
          <ExplanationPage key={route.run} run={route.run} />
        ) : (
          <NotebookPage route={route} />
        )}
      </Suspense>
    </PageFault>
  );
}
