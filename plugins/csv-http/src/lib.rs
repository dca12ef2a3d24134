//! csv-http
