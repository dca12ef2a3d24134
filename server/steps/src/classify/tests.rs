#![allow(clippy::unwrap_used)]

use super::sample::Table;
use super::verdict;
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use std::io::Cursor;
use std::sync::Arc;

/// Classifies a CSV text as the lane `name`.
fn judge(name: &str, csv: &str) -> verdict::Verdict {
    let (schema, _) = Format::default().with_header(true).infer_schema(Cursor::new(csv), None).unwrap();
    let mut reader = ReaderBuilder::new(Arc::new(schema)).with_header(true).build(Cursor::new(csv)).unwrap();
    verdict::classify(&Table::look_at(name, &reader.next().unwrap().unwrap()), 0.6)
}

fn check(name: &str, csv: &str, expected: &str, at_least: f64) {
    let found = judge(name, csv);
    assert_eq!(format!("{}.{}", found.class, found.subclass), expected, "{name}: {found:?}");
    assert!(found.confidence >= at_least, "{name}: {found:?}");
    assert!(!found.evidence.is_empty());
}

#[test]
fn every_class_of_market_data_is_recognized() {
    check(
        "spx",
        "date,open,high,low,close,adjclose,volume\n2000-01-03,14.6,14.7,14.3,14.5,14.5,9318\n2000-01-04,14.5,14.5,13.9,13.9,13.9,1009\n",
        "market.kline",
        1.0,
    );
    check(
        "行情",
        "股票代码,交易日期,开盘价,最高价,最低价,收盘价,成交量,成交额\n600000.SH,2024-01-02,6.63,6.69,6.60,6.62,183207,121\n600004.SH,2024-01-02,9.6,9.69,9.60,9.62,1832,12\n",
        "market.kline",
        0.9,
    );
    check(
        "snap",
        "code,time,last,volume,bid1,ask1,bid2,ask2\n600000,2024-01-02 09:30:03,6.63,2113300,6.62,6.63,6.61,6.64\n600000,2024-01-02 09:30:06,6.63,2113400,6.62,6.63,6.61,6.64\n600000,2024-01-02 09:30:09,6.63,2113500,6.62,6.63,6.61,6.64\n",
        "market.tick",
        0.8,
    );
    check(
        "book",
        "code,time,level,bid_price,bid_vol,ask_price,ask_vol\n600000,2024-01-02 09:30:03,1,6.62,100,6.63,200\n600000,2024-01-02 09:30:03,2,6.61,100,6.64,200\n",
        "market.depth",
        0.6,
    );
    check(
        "ticks_l2",
        "code,time,seq,price,vol,side,buy_order_no,sell_order_no\n600000,2024-01-02 09:30:03,1,6.62,100,B,1,2\n600000,2024-01-02 09:30:04,2,6.61,100,S,3,4\n",
        "market.trade",
        0.9,
    );
    check("stocks", "symbol,date,price\nMSFT,Jan 1 2000,39.81\nMSFT,Feb 1 2000,36.35\n", "market.price", 0.9);
    check(
        "list",
        "ts_code,name,exchange,industry,list_date\n600000.SH,a,SSE,bank,1999-11-10\n600004.SH,b,SSE,air,2003-04-28\n",
        "reference.security",
        0.7,
    );
    check(
        "trade_calendar",
        "exchange,cal_date,is_open\nSSE,2024-01-01,0\nSSE,2024-01-02,1\n",
        "reference.calendar",
        0.8,
    );
    check(
        "hs300",
        "index_code,con_code,trade_date,weight\n399300.SZ,600000.SH,2024-01-02,0.6\n399300.SZ,600004.SH,2024-01-02,0.4\n",
        "reference.index_member",
        0.8,
    );
    check(
        "x",
        "ts_code,trade_date,adj_factor\n600000.SH,2024-01-02,1.1\n600000.SH,2024-01-03,1.1\n",
        "reference.adj_factor",
        0.7,
    );
    check(
        "x",
        "ts_code,ex_date,record_date,dividend\n600000.SH,2024-01-02,2024-01-01,1.1\n",
        "reference.corporate_action",
        0.6,
    );
    check(
        "x",
        "ts_code,end_date,ann_date,revenue,net_profit\n600000.SH,2023-12-31,2024-03-01,1.1,2\n",
        "reference.fundamental",
        0.8,
    );
    check(
        "x",
        "code,underlying,strike_price,expiry_date,multiplier\nIO2401,000300,3000,2024-01-19,100\nIO2402,000300,3000,2024-02-19,100\n",
        "reference.contract",
        0.9,
    );
    check("x", "code,date,ma5,ma20,rsi14,macd\n600000,2024-01-02,1,2,3,4\n", "derived.indicator", 0.8);
    check("x", "code,date,factor_name,factor_value\n600000,2024-01-02,momentum,2\n", "derived.factor", 0.8);
    check("x", "code,time,strategy,signal,score\n600000,2024-01-02 09:30:00,trend,1,0.2\n", "derived.signal", 0.7);
    check("x", "code,date,pe,pb,ps\n600000,2024-01-02,5,1,2\n", "derived.valuation", 0.8);
    check("bars_qfq", "code,date,open,high,low,close\n600000,2024-01-02,1,2,1,2\n", "derived.adjusted_kline", 0.8);
    check("x", "fill_id,order_id,code,price,qty,fee\n1,1,600000,6.6,100,1\n", "transaction.fill", 0.6);
    check("x", "account,code,qty,available,cost\nA1,600000,100,100,6.6\n", "transaction.position", 0.8);
    check("cash", "account,date,balance,frozen\nA1,2024-01-02,100,0\n", "transaction.cash", 0.7);
    check("x", "table_name,column_name,data_type,description\nt,c,int,x\n", "metadata.schema", 0.8);
    check("x", "job_id,run_status,row_count,checksum\n1,ok,5,x\n", "metadata.job", 0.8);
}

#[test]
fn decoys_are_not_taken_in() {
    check(
        "orders",
        "order_id,account,code,side,price,qty,status,time\n1,A1,600000,B,6.6,100,done,2024-01-02 09:30:01\n2,A1,600004,S,9.6,100,open,2024-01-02 09:30:02\n",
        "transaction.order",
        1.0,
    );
    check(
        "委托",
        "委托编号,资金账号,证券代码,买卖方向,委托价格,委托数量,委托时间\n1,A1,600000,买,6.6,100,2024-01-02 09:30:01\n",
        "transaction.order",
        1.0,
    );
    // A few indicators beside a bar leave it a bar; many make it a table of indicators.
    check(
        "x",
        "code,date,open,high,low,close,ma5,ma10,rsi6\n600000,2024-01-02,1,2,1,2,1,1,1\n600000,2024-01-03,1,2,1,2,1,1,1\n",
        "market.kline",
        0.9,
    );
    check(
        "x",
        "code,date,open,high,low,close,ma5,ma10,ma20,ma30,ma60,rsi6,rsi12,macd,dif,dea\n600000,2024-01-02,1,2,1,2,1,1,1,1,1,1,1,1,1,1\n",
        "derived.indicator",
        0.8,
    );
    // Doors open and close too, but not within high and low.
    let found = judge("doors", "date,open,high,low,close\n2024-01-02,9,1,5,17\n2024-01-03,9,2,6,18\n");
    assert_ne!(found.confidence, 1.0, "{found:?}");
}

#[test]
fn data_beyond_markets_is_recognized() {
    check(
        "airports",
        "iata,name,city,state,country,latitude,longitude\n00M,Thigpen,Bay Springs,MS,USA,31.95,-89.23\n00R,Livingston Municipal,Livingston,TX,USA,30.68,-95.01\n",
        "reference.location",
        1.0,
    );
    check(
        "movies",
        "Title,US Gross,Worldwide Gross,US DVD Sales,Production Budget,Release Date,MPAA Rating,Director,IMDB Rating\nThe Land Girls,146083,146083,,8000000,Jun 12 1998,R,,6.1\nFirst Love,10876,10876,,300000,Aug 07 1998,R,,6.9\n",
        "reference.catalog",
        1.0,
    );
    check(
        "countries",
        "code,name,capital,population\nDE,Germany,Berlin,83\nFR,France,Paris,68\n",
        "reference.entity",
        0.7,
    );
}

#[test]
fn what_is_not_known_comes_with_guesses() {
    let found = judge("x", "a,b,c\n1,2,3\n");
    assert_eq!((found.class.as_str(), found.confidence), ("unknown", 0.0));
    let found = judge("x", "ts_code,date,signal\n600000,2024-01-02,1\n");
    assert_eq!(found.class, "unknown");
    assert_eq!(found.guesses[0].class, "derived.signal");
    assert!(found.guesses.len() <= 3);
}

#[test]
fn a_table_without_rows_is_judged_by_its_names() {
    check("bars", "date,open,high,low,close,volume\n2024-01-02,1,2,1,2,5\n", "market.kline", 0.8);
}

#[test]
fn the_real_files_of_the_demo_are_recognized() {
    for (file, expected) in [("sp500-2000.csv", "market.kline"), ("airports.csv", "reference.location")] {
        let path = format!("{}/../../workflows/market-day/data/{file}", env!("CARGO_MANIFEST_DIR"));
        check("x", &std::fs::read_to_string(path).unwrap(), expected, 1.0);
    }
}
