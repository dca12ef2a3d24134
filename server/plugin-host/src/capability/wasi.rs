//! What the runtimes of JavaScript and Python import beside the contract: WASI 0.2, of which a plugin gets the least that
//! lets a runtime start, and nothing that reaches outside.
//!
//! No file, no argument, no variable and no socket exists here. What a plugin prints becomes its log; the time of day needs
//! the grant `clock` as in the contract; random bytes are random. Everything else that a component imports is refused, as an
//! error of WASI where the function has one and by ending the call where it has none. Each component gets these definitions
//! under the very names it imports, so that any 0.2.x fits. [`io`] has streams and polling, [`clocks`] time and chance.

mod clocks;
mod io;

use crate::state::State;
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem, Type};
use wasmtime::component::{Component, Linker, LinkerInstance, Resource, ResourceType, Val};
use wasmtime::{Engine, Error, StoreContextMut};

pub(crate) use clocks::Virtual;

/// Parts of WASI that runtimes import; HTTP is not among them, for it is the contract's.
const PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// What one instance has of it.
#[derive(Debug, Default)]
pub(crate) struct Wasi {
    pub(crate) time: Virtual,
    pub(crate) printed: io::Printed,
    pub(crate) waits: io::Waits,
}

/// A resource of which none is ever made, but whose type must have a definition.
pub(crate) struct Nothing;

/// Whether an import is a part of WASI that plugins may import.
pub(crate) fn serves(import: &str) -> bool {
    let Some((interface, version)) = import.strip_prefix("wasi:").and_then(|rest| rest.split_once('@')) else {
        return false;
    };
    let package = interface.split('/').next().unwrap_or_default();
    PACKAGES.contains(&package) && (version == "0.2" || version.starts_with("0.2."))
}

/// Defines all that a component imports of WASI.
pub(crate) fn add_to_linker(
    linker: &mut Linker<State>,
    component: &Component,
    engine: &Engine,
) -> wasmtime::Result<()> {
    let imported = component.component_type();
    for (import, item) in imported.imports(engine).filter(|(import, _)| serves(import)) {
        let ComponentItem::ComponentInstance(interface) = item.ty else {
            return Err(Error::msg(format!("`{import}` is not imported as an interface")));
        };
        define(&mut linker.instance(import)?, import, &interface, engine)?;
    }
    Ok(())
}

fn define(
    linker: &mut LinkerInstance<'_, State>,
    import: &str,
    interface: &ComponentInstance,
    engine: &Engine,
) -> wasmtime::Result<()> {
    let interface_name = import.split('@').next().unwrap_or_default();
    let interface_name = interface_name.strip_prefix("wasi:").unwrap_or(interface_name);
    for (name, item) in interface.exports(engine) {
        match item.ty {
            ComponentItem::Resource(_) => match name {
                "pollable" | "output-stream" | "input-stream" => io::resource(linker, name)?,
                _ => linker.resource(name, ResourceType::host::<Nothing>(), |_, _| Ok(()))?,
            },
            ComponentItem::ComponentFunc(_) => {
                let defined = io::define(linker, interface_name, name)?
                    || clocks::define(linker, interface_name, name)?
                    || surroundings(linker, interface_name, name)?;
                if !defined {
                    let shown = format!("{import}#{name}");
                    linker
                        .func_new(name, move |store, function, _, results| refuse(store, &shown, &function, results))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// What surrounds a program, of which here is nothing; false where the function is another.
fn surroundings(linker: &mut LinkerInstance<'_, State>, interface: &str, name: &str) -> wasmtime::Result<bool> {
    match (interface, name) {
        ("cli/environment", "get-environment") => {
            linker.func_wrap(name, |_, (): ()| Ok((Vec::<(String, String)>::new(),)))?;
        }
        ("cli/environment", "get-arguments") => linker.func_wrap(name, |_, (): ()| Ok((Vec::<String>::new(),)))?,
        ("cli/environment", "initial-cwd") => linker.func_wrap(name, |_, (): ()| Ok((None::<String>,)))?,
        ("cli/terminal-stdin", "get-terminal-stdin")
        | ("cli/terminal-stdout", "get-terminal-stdout")
        | ("cli/terminal-stderr", "get-terminal-stderr") => {
            linker.func_wrap(name, |_, (): ()| Ok((None::<Resource<Nothing>>,)))?;
        }
        ("filesystem/preopens", "get-directories") => {
            linker.func_wrap(name, |_, (): ()| Ok((Vec::<(Resource<Nothing>, String)>::new(),)))?;
        }
        ("sockets/instance-network", "instance-network") => {
            linker.func_wrap(name, |_, (): ()| Ok((Resource::<Nothing>::new_own(0),)))?;
        }
        ("cli/exit", "exit") => {
            linker.func_wrap(name, |_, (_,): (Result<(), ()>,)| -> wasmtime::Result<()> { Err(Error::msg(EXITED)) })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

const EXITED: &str = "it ended its own process, which a plugin must not";

/// Refuses a call: by WASI's own `access-denied` where the function can say so, else by ending it.
fn refuse(
    mut store: StoreContextMut<'_, State>,
    function: &str,
    signature: &ComponentFunc,
    results: &mut [Val],
) -> wasmtime::Result<()> {
    store.data_mut().host_call()?;
    let denied = match signature.results().next() {
        Some(Type::Result(result)) => match result.err() {
            Some(Type::Enum(codes)) => ["access-denied", "access", "not-permitted"]
                .into_iter()
                .find(|word| codes.names().any(|it| it == *word)),
            _ => None,
        },
        _ => None,
    };
    match (denied, results) {
        (Some(word), [answer]) => {
            *answer = Val::Result(Err(Some(Box::new(Val::Enum(word.to_owned())))));
            Ok(())
        }
        _ => Err(Error::msg(format!("it called `{function}`, which plugins do not have"))),
    }
}

#[cfg(test)]
mod tests {
    use super::serves;

    #[test]
    fn runtimes_may_import_wasi_but_not_its_http() {
        assert!(serves("wasi:io/poll@0.2.12") && serves("wasi:sockets/tcp@0.2.0"));
        for import in [
            "wasi:http/outgoing-handler@0.2.12",
            "wasi:io/poll@0.3.0",
            "wasi:io/poll@0.20.0",
            "wasi:io/poll",
            "io/poll",
        ] {
            assert!(!serves(import), "{import}");
        }
    }
}
