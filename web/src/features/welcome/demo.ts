/** The demo: it runs on any server, since its rows are its own. Two of them are wrong, so that a rejected port is seen at work. */
export const DEMO_NAME = "demo";

export const DEMO = `name: ${DEMO_NAME}
description: Daily bars of a few symbols, checked and counted. It needs nothing but this server.
tags: [example]
steps:
  - id: bars
    name: Daily bars
    uses: fetch
    with:
      source: inline
      rows:
        - { symbol: "600000.SH", trade_date: "2024-01-30", close: 7.10, volume: 41200 }
        - { symbol: "600000.SH", trade_date: "2024-01-31", close: 7.05, volume: 39800 }
        - { symbol: "600519.SH", trade_date: "2024-01-30", close: 1640.00, volume: 2100 }
        - { symbol: "600519.SH", trade_date: "2024-01-31", close: 1633.50, volume: -5 }
        - { symbol: "000001.SZ", trade_date: "2024-01-30", close: 9.47, volume: 88000 }
        - { trade_date: "2024-01-31", close: 9.51, volume: 90500 }
  - id: checked
    name: Sound bars
    uses: validate
    from: bars
    on_error: reject
    with:
      rules:
        - { name: has a symbol, not_null: symbol }
        - { name: volume is not negative, expect: "volume >= 0" }
  - id: by_symbol
    name: By symbol
    uses: transform
    from: checked
    with: { sql: "SELECT symbol, count(*) AS days, max(close) AS highest, sum(volume) AS volume FROM input GROUP BY symbol ORDER BY symbol" }
  - id: kept_out
    name: Kept out
    uses: transform
    from: checked.rejected
    with: { sql: "SELECT * FROM input" }
  - id: tell
    name: Tell
    uses: alert
    needs: [by_symbol, kept_out]
    with: { channels: log, title: "\${{ steps.checked.rows_rejected }} of \${{ steps.bars.rows_out }} rows kept out" }
`;
