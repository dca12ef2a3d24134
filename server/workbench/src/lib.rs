//! What people do with connections by hand: the SQL console, the care of connections, tables as code.
//!
//! The command line and the API both go through here, so that the same rules hold for both: what is asked is checked,
//! bounded and put on record in the metadata database. It reaches systems only through the traits of `data`.
