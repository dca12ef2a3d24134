/** A small workflow that runs on any server: rows of its own, checked, and counted. */
export const EXAMPLE = `name: first-steps
description: Three rows, one of them wrong.
steps:
  - id: rows
    uses: fetch
    with:
      source: inline
      rows:
        - { id: 1, name: apple, price: 1.2 }
        - { id: 2, name: pear, price: 0.9 }
        - { id: 3, price: 2.5 }
  - id: checked
    uses: validate
    from: rows
    on_error: reject
    with:
      rules:
        - { name: named, not_null: name }
  - id: dear
    uses: transform
    from: checked
    with: { sql: "SELECT * FROM input WHERE price > 1" }
  - id: tell
    uses: alert
    needs: [dear]
    with: { channels: log, title: "\${{ steps.checked.rows_rejected }} of \${{ steps.rows.rows_out }} rows kept out" }
`;
