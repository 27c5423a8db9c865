//! Command line options in tables, one for the server and one for the client: how they are parsed
//! and shown.

use lexopt::{Parser, ValueExt};

use crate::door::lang::Lang;

/// One option of a program that is set up by a `C`.
pub struct Opt<C> {
    /// Its name, without the dashes.
    pub name: &'static str,
    /// What its value stands for; empty if it takes none.
    pub value: &'static str,
    /// What holds without it, as shown to people.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Takes the value, or says what is wrong with it.
    pub set: fn(&mut C, &str) -> Result<(), String>,
}

impl<C> Opt<C> {
    /// Sets this option of `config` to what `parser` has next.
    ///
    /// # Errors
    /// One line that names the option and what to do.
    pub fn take(&self, parser: &mut Parser, config: &mut C) -> Result<(), String> {
        let name = self.name;
        let value = if self.value.is_empty() {
            String::new()
        } else {
            let value = parser.value().map_err(|_| format!("--{name}: needs {}", self.value))?;
            value.string().map_err(|_| format!("--{name}: must be UTF-8"))?
        };
        (self.set)(config, &value).map_err(|fix| format!("--{name}: {fix}, not {value:?}"))
    }
}

/// The one of `options` that is called `name`.
///
/// # Errors
/// If there is none.
pub fn find<'a, C>(options: &'a [Opt<C>], name: &str) -> Result<&'a Opt<C>, String> {
    let found = options.iter().find(|opt| opt.name == name);
    found.ok_or_else(|| format!("--{name}: no such option"))
}

/// The lines of `--help` that tell of `options`, each name and value in `columns`.
pub fn help<C>(options: &[Opt<C>], columns: usize) -> String {
    let line = |opt: &Opt<C>| {
        let option = format!("--{} {}", opt.name, opt.value);
        format!("  {option:<columns$} {} [{}]\n", opt.help, opt.default)
    };
    options.iter().map(line).collect()
}

/// The language that the value of `--lang` names.
///
/// # Errors
/// What it must be.
pub fn lang(value: &str) -> Result<Lang, String> {
    Lang::of_name(value).ok_or_else(|| "must be en or zh".into())
}
