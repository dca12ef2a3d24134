import "./segments.css";

interface Props<T extends string> {
  label: string;
  value: T;
  choices: readonly { value: T; label: string; count?: string }[];
  onChange: (value: T) => void;
}

/** A few ways, one of them taken. */
export function Segments<T extends string>({ label, value, choices, onChange }: Props<T>) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {choices.map((choice) => (
        <button key={choice.value} type="button" aria-pressed={choice.value === value} onClick={() => onChange(choice.value)}>
          {choice.label}
          {choice.count !== undefined && <span className="segments-count">{choice.count}</span>}
        </button>
      ))}
    </div>
  );
}
