//! One suite of behavior for all database connectors: each case runs against each system it has the abilities for.
//!
//! SQLite runs everywhere, and so does TDengine, against its stub unless `SLUICE_TEST_TDENGINE` names a server; PostgreSQL
//! where `SLUICE_TEST_POSTGRES` and MySQL where `SLUICE_TEST_MYSQL` name a server. Every case has a file, schema or
//! database of its own, so that cases run side by side.

#![allow(clippy::unwrap_used)]

mod care;
mod console;
mod failures;
mod kept;
mod ledger;
mod modes;
mod pairs;
#[cfg(unix)]
pub(crate) mod private;
mod reading;
mod refusals;
mod splitting;
mod stream;
mod timed;
pub(crate) mod tls;
mod types;
pub(crate) mod world;

use world::World;

/// Whether a connector can be asked the cases of a group.
mod needs {
    use data::Abilities;

    pub(super) fn nothing(_: Abilities) -> bool {
        true
    }

    /// Tables keyed by any column, or by none.
    pub(super) fn any_key(abilities: Abilities) -> bool {
        !abilities.time_key
    }

    /// The console of a system the corpus has statements for.
    pub(super) fn corpus(abilities: Abilities) -> bool {
        abilities.console && abilities.sql && !abilities.time_key
    }

    /// Tables that can be cut into ranges of their key.
    pub(super) fn splits(abilities: Abilities) -> bool {
        abilities.sql && !abilities.time_key
    }

    /// The console, also of systems the corpus has no statements for.
    pub(super) fn console(abilities: Abilities) -> bool {
        abilities.console
    }

    pub(super) fn structure(abilities: Abilities) -> bool {
        abilities.structure
    }

    pub(super) fn inspect(abilities: Abilities) -> bool {
        abilities.inspect
    }

    pub(super) fn backup(abilities: Abilities) -> bool {
        abilities.backup
    }

    pub(super) fn transactions(abilities: Abilities) -> bool {
        abilities.transactions
    }
}

macro_rules! suite {
    ($($group:ident[$needs:ident]: $($case:ident),+;)+) => {
        suite!(@system sqlite $($group[$needs]: $($case),+;)+);
        suite!(@system postgres $($group[$needs]: $($case),+;)+);
        suite!(@system mysql $($group[$needs]: $($case),+;)+);
        suite!(@system tdengine $($group[$needs]: $($case),+;)+);
    };
    (@system $system:ident $($group:ident[$needs:ident]: $($case:ident),+;)+) => {
        mod $system {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(world) = super::World::$system(stringify!($case)).await {
                        if super::needs::$needs(world.connector.abilities()) {
                            super::$group::$case(&world).await;
                        }
                        world.end().await;
                    }
                }
            )+)+
        }
    };
}

suite! {
    types[any_key]: all_types_survive_a_round_trip, a_column_of_nulls_survives, wide_decimals_survive, large_values_survive;
    modes[any_key]: append_adds_rows, insert_ignore_keeps_what_is_there, upsert_replaces_written_columns,
        replace_resets_columns_not_written, the_last_row_of_a_batch_wins_an_upsert, truncate_empties_once_a_run, truncate_without_rows_empties_the_table,
        upsert_without_unique_key_is_refused, a_hundred_thousand_rows_arrive;
    ledger[transactions]: a_repeated_batch_is_skipped, a_stale_fence_is_refused, a_zombie_is_refused, a_dropped_sink_leaves_whole_batches,
        lanes_do_not_disturb_each_other, an_empty_batch_moves_the_ledger, many_sinks_make_the_ledger_at_once,
        refused_rows_are_kept_before_their_batch;
    reading[any_key]: an_empty_table_has_columns, rows_come_in_order_and_go_on_at_a_checkpoint, text_sorts_by_its_bytes, columns_filter_and_limit_apply,
        a_query_is_read, a_dropped_source_frees_its_connection, a_table_is_described;
    refusals[any_key]: refused_rows_are_named, a_missing_column_is_named, a_missing_table_is_named, an_option_of_another_system_is_refused, weird_names_work, a_value_too_long_is_refused,
        a_row_that_clashes_is_named;
    splitting[splits]: ranges_hold_every_row_once, skewed_keys_are_cut_where_rows_are, a_key_that_cannot_be_cut_is_refused;
    console[corpus]: the_corpus_is_answered_and_changes_nothing, the_other_layers_hold_without_the_first;
    stream[console]: a_stream_answers_what_a_page_answers, millions_of_rows_are_never_far_ahead_of_whoever_takes_them,
        a_dropped_stream_frees_its_session, a_stream_ends_at_its_limits, a_stream_nobody_takes_ends_with_its_time,
        a_stream_fails_as_a_page_does;
    timed[nothing]: values_beside_a_timestamp_survive, an_upsert_goes_over_rows_of_the_same_time,
        an_append_tells_rows_of_the_same_time, a_truncate_leaves_only_new_rows, rows_in_order_of_time_go_on_at_a_checkpoint,
        columns_filter_and_limit_of_timed_rows, text_beside_a_timestamp_sorts_by_its_bytes,
        a_dropped_source_of_timed_rows_frees_its_connection, a_table_keyed_by_time_is_described,
        what_is_missing_beside_a_timestamp_is_named, weird_names_of_timed_tables_work;
    kept[transactions]: a_transaction_is_there_whole_or_not_at_all, nothing_leaves_a_transaction,
        what_a_transaction_cannot_take_is_told;
    care[structure]: a_table_is_described_as_it_is, a_table_is_made_from_its_description,
        a_difference_is_planned_alone_and_mended, a_structure_that_cannot_be_is_refused_before_anything_is_done;
    care[inspect]: an_inspection_tells_who_and_how_large;
    care[backup]: a_backup_comes_back_as_it_was, a_backup_of_what_is_not_there_or_damaged_is_told;
    failures[nothing]: an_unreachable_server_is_told, a_wrong_password_is_told, a_bad_statement_is_told,
        a_table_dropped_between_two_batches_is_read_whole_or_told, a_table_dropped_before_the_write_is_told,
        a_page_of_a_hundred_million_rows_ends_at_its_limit;
}
