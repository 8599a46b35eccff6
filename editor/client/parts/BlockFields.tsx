/** The name of a pipeline's own block, and what it does. */
export function BlockFields(props: {
  name: string;
  setName: (name: string) => void;
  summary: string;
  setSummary: (summary: string) => void;
  /** Why it cannot have that name. */
  reason: string | undefined;
  placeholder?: string;
}) {
  const { name, setName, summary, setSummary, reason, placeholder = "" } = props;
  return (
    <>
      <label className="field" data-invalid={reason !== undefined}>
        <span className="field-name">Name</span>
        <input
          type="text"
          value={name}
          maxLength={64}
          spellCheck={false}
          aria-invalid={reason !== undefined}
          onChange={(event) => setName(event.target.value)}
        />
        <span className="field-help">{reason ? <em>{reason}</em> : "As nodes and files call it."}</span>
      </label>
      <label className="field">
        <span className="field-name">What it does</span>
        <input
          type="text"
          value={summary}
          maxLength={400}
          placeholder={placeholder}
          onChange={(event) => setSummary(event.target.value)}
        />
      </label>
    </>
  );
}

/** Why a block cannot have a name; undefined if it can. */
export function nameProblem(name: string, taken: Readonly<Record<string, unknown>>): string | undefined {
  if (!/^[A-Z][a-zA-Z0-9]{0,63}$/.test(name)) return "Needs a capital letter first, then letters and digits only.";
  return name in taken ? `There is a block “${name}” already.` : undefined;
}
