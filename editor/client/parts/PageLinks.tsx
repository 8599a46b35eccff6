import { hashOf, type Route, useRoute } from "../stores/route.ts";
import { useRun } from "../stores/run.ts";

/** The studio's pages, the shown one marked. */
export function PageLinks() {
  const { page } = useRoute();
  const run = useRun(({ id }) => id);
  return (
    <nav className="pages" aria-label="Pages">
      <PageLink to={{ page: "pipeline", ...(run === undefined ? {} : { run }) }} current={page === "pipeline"}>
        Pipeline
      </PageLink>
      <PageLink to={{ page: "runs" }} current={page === "runs" || page === "compare"}>
        Runs
      </PageLink>
      <PageLink to={{ page: "notebooks" }} current={page === "notebooks" || page === "notebook"}>
        Notebooks
      </PageLink>
    </nav>
  );
}

function PageLink({ to, current, children }: { to: Route; current: boolean; children: string }) {
  return (
    <a href={hashOf(to) || "#"} className="page-link" aria-current={current ? "page" : undefined}>
      {children}
    </a>
  );
}
