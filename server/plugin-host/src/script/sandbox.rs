//! The engine that scripts run in: rhai without files, modules, `eval` and `sleep`, and with all of its limits set.
//!
//! Bounds hold for each value; all variables of all calls within each other bound what a script can hold at once. A loop
//! that rhai does not count (in a comparator of `sort`) meets the clock all the same.

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicBlobPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage,
    BasicStringPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{AST, Engine};
use std::sync::LazyLock;

/// Calls within each other.
pub(super) const DEPTH: usize = 12;
/// Variables of one function.
pub(super) const VARIABLES: usize = 48;
/// Bytes of texts in one value.
pub(super) const TEXT: usize = 1 << 20;
/// Elements of lists in one value; bytes of a blob count as elements.
pub(super) const LIST: usize = 100_000;
/// Entries of maps in one value.
pub(super) const MAP: usize = 50_000;

static PACKAGES: LazyLock<[rhai::Shared<rhai::Module>; 9]> = LazyLock::new(|| {
    [
        ArithmeticPackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        BasicStringPackage::new().as_shared_module(),
        MoreStringPackage::new().as_shared_module(),
        BasicIteratorPackage::new().as_shared_module(),
        BasicArrayPackage::new().as_shared_module(),
        BasicBlobPackage::new().as_shared_module(),
        BasicMapPackage::new().as_shared_module(),
        BasicMathPackage::new().as_shared_module(),
    ]
});

static COMPILER: LazyLock<Engine> = LazyLock::new(|| engine(0));

/// An engine with its limits; of operations, as many as given (0: only the clock counts).
pub(super) fn engine(operations: u64) -> Engine {
    let mut engine = Engine::new_raw();
    engine.set_max_operations(operations);
    engine.set_max_call_levels(DEPTH);
    engine.set_max_expr_depths(64, 32);
    engine.set_max_variables(VARIABLES);
    engine.set_max_functions(256);
    engine.set_max_modules(0);
    engine.set_max_string_size(TEXT);
    engine.set_max_array_size(LIST);
    engine.set_max_map_size(MAP);
    for symbol in ["eval", "import", "export"] {
        engine.disable_symbol(symbol);
    }
    for package in PACKAGES.iter() {
        engine.register_global_module(package.clone());
    }
    engine
}

/// Compiles a script.
///
/// # Errors
/// Says what does not parse, and where.
pub(super) fn compile(script: &str) -> Result<AST, String> {
    COMPILER.compile(script).map_err(|error| super::plain(&error.to_string()))
}
