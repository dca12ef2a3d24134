/** Several of a few words, each with a box to tick. */
interface Props {
  label: string;
  help?: string;
  choices: readonly { value: string; label: string }[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

export function Checks({ label, help, choices, chosen, onChange }: Props) {
  return (
    <fieldset className="policy-checks">
      <legend>{label}</legend>
      {choices.map(({ value, label: word }) => (
        <label key={value}>
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={(event) => onChange(event.target.checked ? [...chosen, value] : chosen.filter((one) => one !== value))}
          />
          {word}
        </label>
      ))}
      {help && <span className="field-help">{help}</span>}
    </fieldset>
  );
}
