import { create } from "zustand";

/** Which page is shown. The address's hash names it, so that links, a reload and the browser's back lead there. */
export type Route =
  | { page: "pipeline"; run?: string; pipeline?: string }
  | { page: "runs" }
  | { page: "compare"; runs: string[] }
  | { page: "attention"; run: string; other?: string }
  | { page: "explanation"; run: string }
  | { page: "notebooks" }
  | { page: "notebook"; path: string };

const id = "[a-z0-9][a-z0-9-]{0,63}";

/** Reads `#run=ID`, `#pipeline=ID`, `#runs`, `#compare=ID,ID`, `#attention=ID`, `#attention=ID,ID`, `#explanation=ID`, `#notebooks`, `#notebook=PATH`; anything else is the pipeline's page. */
export function readRoute(hash: string): Route {
  if (hash === "#notebooks") return { page: "notebooks" };
  if (hash === "#runs") return { page: "runs" };
  const compared = new RegExp(`^#compare=(${id}(?:,${id})*)$`).exec(hash)?.[1];
  if (compared !== undefined) return { page: "compare", runs: [...new Set(compared.split(","))] };
  const [, attention, other] = new RegExp(`^#attention=(${id})(?:,(${id}))?$`).exec(hash) ?? [];
  if (attention !== undefined) return { page: "attention", run: attention, ...(other ? { other } : {}) };
  const explained = new RegExp(`^#explanation=(${id})$`).exec(hash)?.[1];
  if (explained !== undefined) return { page: "explanation", run: explained };
  const path = /^#notebook=(.+)$/.exec(hash)?.[1];
  if (path !== undefined) return { page: "notebook", path: decode(path) };
  const run = new RegExp(`^#run=(${id})$`).exec(hash)?.[1];
  const pipeline = new RegExp(`^#pipeline=(${id})$`).exec(hash)?.[1];
  return { page: "pipeline", ...(run ? { run } : {}), ...(pipeline ? { pipeline } : {}) };
}

/** The hash of a page's address. */
export function hashOf(route: Route): string {
  switch (route.page) {
    case "runs":
      return "#runs";
    case "compare":
      return `#compare=${route.runs.join(",")}`;
    case "attention":
      return `#attention=${route.run}${route.other === undefined ? "" : `,${route.other}`}`;
    case "explanation":
      return `#explanation=${route.run}`;
    case "notebooks":
      return "#notebooks";
    case "notebook":
      return `#notebook=${route.path.split("/").map(encodeURIComponent).join("/")}`;
    case "pipeline":
      if (route.pipeline !== undefined) return `#pipeline=${route.pipeline}`;
      return route.run === undefined ? "" : `#run=${route.run}`;
  }
}

const useAddress = create<{ route: Route }>(() => ({ route: readRoute(globalThis.location?.hash ?? "") }));

/** The page that is shown. */
export function useRoute(): Route {
  return useAddress(({ route }) => route);
}

/** The same outside of React. */
export function currentRoute(): Route {
  return useAddress.getState().route;
}

/** Goes to a page, as a step that the browser's back takes back; `replace` puts it in the place of the one before. */
export function go(route: Route, { replace = false } = {}): void {
  const address = `${location.pathname}${hashOf(route)}`;
  if (hashOf(route) !== location.hash) window.history[replace ? "replaceState" : "pushState"](null, "", address);
  useAddress.setState({ route });
}

/** Follows links and the browser's back. */
export function followAddress(): void {
  window.addEventListener("popstate", () => useAddress.setState({ route: readRoute(location.hash) }));
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
