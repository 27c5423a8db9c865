//! The invariants of the architecture, checked in the source.

#[path = "tidy/graph.rs"]
mod graph;

use std::fs;
use std::path::{Path, PathBuf};

use graph::Graph;

const FILE_LINES_MAX: usize = 500;
const LINE_CHARS_MAX: usize = 110;
const FUNCTION_LINES_MAX: usize = 70;

/// Returns every Rust file of the project below `folder`, with its text.
fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((path.strip_prefix(root).expect("it is below").to_path_buf(), text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found.sort();
    found
}

/// Returns the lines of `text` that are compiled, without tests, each with its number.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = text.split("#[cfg(test)]").next().expect("a split has a first part");
    let lines = code.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Asserts that none of `words` occurs in the code of a file of `src` that is not `allowed`.
fn assert_absent(words: &[&str], allowed: impl Fn(&str) -> bool) {
    for (path, text) in files("src") {
        let path = path.to_str().expect("paths are UTF-8");
        // Files that contain only tests.
        if path.ends_with("tests.rs") {
            continue;
        }
        for (number, line) in code(&text).filter(|_| !allowed(path)) {
            for word in words {
                assert!(!line.contains(word), "{path}:{number}: {word} has no place here");
            }
        }
    }
}

fn is_loop(path: &str) -> bool {
    path.starts_with("src/net/") || path == "src/client/net/run.rs"
}

/// The client's outer parts: its loop, its socket, its terminal, its pipes.
fn is_clients_shell(path: &str) -> bool {
    ["mod.rs", "net/", "pipe/", "tui/terminal.rs"]
        .iter()
        .any(|part| path.strip_prefix("src/client/").is_some_and(|path| path.starts_with(part)))
}

#[test]
fn only_the_event_loops_use_mio() {
    assert_absent(&["mio::", "signal_hook"], |path| is_loop(path) || is_clients_shell(path));
}

#[test]
fn only_the_event_loops_read_the_clock() {
    assert_absent(&["Instant::now", "SystemTime::now", "Local::now", "Utc::now"], is_loop);
}

#[test]
fn the_clients_inner_parts_make_no_system_calls() {
    let outside = |path: &str| !path.starts_with("src/client/") || is_clients_shell(path);
    assert_absent(
        &["rustix", "io::stdout", "io::stdin", "TcpStream", "std::fs", "Rng::new"],
        outside,
    );
}

#[test]
fn the_clients_core_uses_no_other_part_of_the_client() {
    for (module, used) in module_graph() {
        for used in used.iter().filter(|used| used.starts_with("client::")) {
            let is_core = |name: &str| name.starts_with("client::core::");
            assert!(!is_core(&module) || is_core(used), "{module} must not use {used}");
        }
    }
}

#[test]
fn there_are_no_threads_locks_shared_cells_or_unsafe_code() {
    let words =
        ["thread::", "Mutex", "RwLock", "RefCell", "Rc<", "Arc<", "Atomic", "async ", "sleep("];
    assert_absent(&words, |_| false);
    assert_absent(&["unsafe"], |path| path == "src/text.rs");
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    assert!(manifest.expect("it is there").contains("unsafe_code = \"forbid\""));
}

#[test]
fn nothing_is_iterated_in_random_order() {
    assert_absent(&["HashMap", "HashSet"], |_| false);
}

#[test]
fn the_chat_names_no_wire_no_bytes_and_no_connection() {
    let outside = |path: &str| !path.starts_with("src/chat/");
    let words = ["door", "Conn", "Tape", "Outbound", "Hub", "socket", "io::"];
    assert_absent(&words, outside);
    // The store of lines packs them into bytes; its interface has texts.
    assert_absent(&["Vec<u8>", "&[u8]"], |path| outside(path) || path == "src/chat/lines.rs");
}

#[test]
fn modules_use_only_what_they_may() {
    for (module, may_know) in [
        ("src/delivery/tape.rs", &["limits"][..]),
        ("src/slots.rs", &[]),
        ("src/hub/timers.rs", &[]),
        ("src/text.rs", &[]),
        ("src/rows.rs", &[]),
        ("src/clock.rs", &[]),
        ("src/chat/command.rs", &["clock", "ids"]),
        ("src/door/telnet/commands.rs", &["clock", "chat", "door"]),
        ("src/editor.rs", &["text"]),
        ("src/delivery/outbound.rs", &["delivery", "ids"]),
        ("src/hub/conn.rs", &["ids", "limits", "delivery", "door", "hub"]),
    ] {
        let (_, text) = files("src")
            .into_iter()
            .find(|(path, _)| path == Path::new(module))
            .expect("the module is there");
        for (number, line) in code(&text) {
            if let Some(known) = line.trim().strip_prefix("use crate::") {
                let known = known.split([':', ';', ' ']).next().unwrap_or(known);
                assert!(may_know.contains(&known), "{module}:{number}: it must not use {known}");
            }
        }
    }
}

#[test]
fn every_file_has_a_heading_and_is_short() {
    for folder in ["src", "tests", "benches"] {
        for (path, text) in files(folder) {
            let path = path.display();
            assert!(text.starts_with("//! "), "{path}: the first line describes the module");
            let lines = text.lines().count();
            assert!(lines <= FILE_LINES_MAX, "{path}: {lines} lines");
            for (index, line) in text.lines().enumerate() {
                let chars = line.chars().count();
                assert!(chars <= LINE_CHARS_MAX, "{path}:{}: {chars} characters", index + 1);
            }
        }
    }
}

#[test]
fn every_function_is_short() {
    for folder in ["src", "tests", "benches"] {
        for (path, text) in files(folder) {
            let mut begun: Option<(usize, usize)> = None;
            for (index, line) in text.lines().enumerate() {
                let indent = line.len() - line.trim_start().len();
                let starts = [
                    "fn ",
                    "pub fn ",
                    "pub const fn ",
                    "const fn ",
                    "pub(super) fn ",
                    "pub(crate) fn ",
                ];
                if begun.is_none()
                    && starts.iter().any(|start| line.trim_start().starts_with(start))
                {
                    begun =
                        (!line.ends_with(';') && !line.ends_with('}')).then_some((index, indent));
                } else if let Some((first, outer)) = begun
                    && indent == outer
                    && (line.trim() == "}" || line.ends_with(';'))
                {
                    let lines = index + 1 - first;
                    let place = format!("{}:{}", path.display(), first + 1);
                    assert!(lines <= FUNCTION_LINES_MAX, "{place}: {lines} lines");
                    begun = None;
                }
            }
        }
    }
}

/// Returns the graph of the crate, without tests and without `main`, which is a crate of its own.
fn module_graph() -> Graph {
    let is_code = |path: &Path| {
        let path = path.to_str().expect("paths are UTF-8");
        path != "src/main.rs" && !path.ends_with("tests.rs")
    };
    let sources: Vec<_> = files("src")
        .into_iter()
        .filter(|(path, _)| is_code(path))
        .map(|(path, text)| {
            let lines: Vec<&str> = code(&text).map(|(_, line)| line).collect();
            let path = path.strip_prefix("src").expect("it is below");
            (graph::module_of(path), lines.join("\n"))
        })
        .collect();
    graph::graph(&sources)
}

fn assert_no_cycles(graph: &Graph) {
    let found = graph::cycles(graph);
    let shown: Vec<String> = found.iter().map(|(_, cycle)| cycle.join(" -> ")).collect();
    assert!(shown.is_empty(), "the shortest cycles are {shown:#?}");
}

#[test]
fn no_module_uses_one_that_uses_it() {
    assert_no_cycles(&module_graph());
}

#[test]
fn no_folder_uses_one_that_uses_it() {
    assert_no_cycles(&graph::top_level(&module_graph()));
}
