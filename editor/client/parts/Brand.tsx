/** The mark: a flamingo's neck and head in one stroke. */
export function Brand() {
  return (
    <div className="brand">
      <svg width="22" height="22" viewBox="0 0 24 24" aria-hidden="true">
        <path
          d="M14.8 21.5V16c0-3.2-6.8-4.3-6.8-8.6A4.4 4.4 0 0 1 12.4 3c2.6 0 4.3 1.9 4.3 4.3 0 1.5-.8 2.7-2.3 3.4"
          fill="none"
          stroke="var(--pink)"
          strokeWidth="2.6"
          strokeLinecap="round"
        />
        <path d="M16.4 6.1c1.7.2 2.9 1.5 2.7 3.6l-3.2-1.2Z" fill="var(--text)" />
      </svg>
      <span>Flamingo Studio</span>
    </div>
  );
}
