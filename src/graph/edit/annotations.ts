import type { Graph, GraphView, Group, Note } from "../graph.ts";

/** What is written and drawn on the canvas beside the graph itself. */
export type Annotations = Pick<GraphView, "notes" | "groups">;

type Drawn = Pick<Graph, "nodes"> & { view: GraphView };

/** Ids of a graph's notes. */
export function noteIds({ view }: Pick<Drawn, "view">): string[] {
  return Object.keys(view.notes ?? {});
}

/** Ids of a graph's groups. */
export function groupIds({ view }: Pick<Drawn, "view">): string[] {
  return Object.keys(view.groups ?? {});
}

export function isGroupId(id: string): boolean {
  return id.startsWith("group:");
}

/** An id that no other note, or group, of the view has: `note:1`. */
export function freshAnnotationId(view: GraphView, kind: "note" | "group"): string {
  const taken = (kind === "note" ? view.notes : view.groups) ?? {};
  let count = 1;
  while (`${kind}:${count}` in taken) count++;
  return `${kind}:${count}`;
}

/** The view with other notes and groups; where there are none, their field goes, so that a file without them is as it always was. */
export function withAnnotations({ positions }: GraphView, { notes, groups }: Annotations): GraphView {
  return {
    positions,
    ...(notes && Object.keys(notes).length > 0 ? { notes } : {}),
    ...(groups && Object.keys(groups).length > 0 ? { groups } : {}),
  };
}

/** With a note more, at a place. */
export function addNote<G extends Drawn>(
  graph: G,
  note: Note,
  place: GraphView["positions"][string],
): { graph: G; id: string } {
  const { view } = graph;
  const id = freshAnnotationId(view, "note");
  const positions = { ...view.positions, [id]: place };
  return { graph: { ...graph, view: { ...view, positions, notes: { ...view.notes, [id]: note } } }, id };
}

/** With one note changed; the same graph if there is no such note. */
export function changeNote<G extends Drawn>(graph: G, id: string, change: Partial<Note>): G {
  const note = graph.view.notes?.[id];
  if (!note) return graph;
  const notes = { ...graph.view.notes, [id]: { ...note, ...change } };
  return { ...graph, view: { ...graph.view, notes } };
}

/** With a group of some nodes and notes, which leave the groups that they were in; undefined if there is nothing to group. */
export function addGroup<G extends Drawn>(
  graph: G,
  ids: readonly string[],
  { title, color }: Pick<Group, "title" | "color">,
): { graph: G; id: string } | undefined {
  const { view } = graph;
  const members = withMembers(graph, ids).filter((id) => id in graph.nodes || id in (view.notes ?? {}));
  if (members.length === 0) return undefined;
  const others = withoutMembers(view.groups, new Set(members));
  const id = freshAnnotationId({ ...view, ...(others ? { groups: others } : {}) }, "group");
  const groups = { ...others, [id]: { title, color, members } };
  return { graph: { ...graph, view: withAnnotations(view, { ...view, groups }) }, id };
}

/** With one group changed; the same graph if there is no such group. */
export function changeGroup<G extends Drawn>(graph: G, id: string, change: Partial<Pick<Group, "title" | "color">>): G {
  const group = graph.view.groups?.[id];
  if (!group) return graph;
  const groups = { ...graph.view.groups, [id]: { ...group, ...change } };
  return { ...graph, view: { ...graph.view, groups } };
}

/** Which groups are chosen, or hold what is chosen. */
export function groupsOf({ view }: Pick<Drawn, "view">, ids: readonly string[]): string[] {
  const chosen = new Set(ids);
  return Object.entries(view.groups ?? {}).flatMap(([id, { members }]) =>
    chosen.has(id) || members.some((member) => chosen.has(member)) ? [id] : [],
  );
}

/** These ids, with the nodes and notes of those that are groups. */
export function withMembers({ view }: Pick<Drawn, "view">, ids: readonly string[]): string[] {
  return [...new Set(ids.flatMap((id) => [id, ...(view.groups?.[id]?.members ?? [])]))];
}

/** The view without these notes and groups; of other groups, these nodes and notes are no members any more. */
export function withoutAnnotations(view: GraphView, gone: ReadonlySet<string>): GraphView {
  if (!view.notes && !view.groups) return view;
  const kept = <T>(record: Record<string, T> | undefined) =>
    record && Object.fromEntries(Object.entries(record).filter(([id]) => !gone.has(id)));
  return withAnnotations(view, { notes: kept(view.notes), groups: withoutMembers(kept(view.groups), gone) });
}

/** The view where nodes took the place of others: they are in the group that all of those were in. */
export function withMembersReplaced(view: GraphView, before: readonly string[], after: readonly string[]): GraphView {
  if (!view.groups) return view;
  const own = Object.entries(view.groups).find(([, { members }]) => before.every((id) => members.includes(id)))?.[0];
  const groups = own
    ? { ...view.groups, [own]: { ...view.groups[own]!, members: [...view.groups[own]!.members, ...after] } }
    : view.groups;
  return withAnnotations(view, { ...view, groups: withoutMembers(groups, new Set(before)) });
}

/** Groups that lost some of their members, without those that have none left. */
function withoutMembers(groups: GraphView["groups"], gone: ReadonlySet<string>): GraphView["groups"] {
  if (!groups) return undefined;
  const left = Object.entries(groups).map(([id, group]): [string, Group] =>
    group.members.some((member) => gone.has(member))
      ? [id, { ...group, members: group.members.filter((member) => !gone.has(member)) }]
      : [id, group],
  );
  return Object.fromEntries(left.filter(([, { members }]) => members.length > 0));
}
