//! The graph of modules, computed from the paths in the source, and its cycles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

/// Each module and the modules that it uses, as `folder::file`; the crate itself is `crate`.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// Returns the module of the file at `path` (below `src`).
pub fn module_of(path: &Path) -> Vec<String> {
    let path = path.with_extension("");
    let mut module: Vec<String> =
        path.iter().map(|part| part.to_str().expect("paths are UTF-8").to_string()).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}

/// Returns the graph of `sources`: each module with its code, without comments and tests.
pub fn graph(sources: &[(Vec<String>, String)]) -> Graph {
    let modules: BTreeSet<&[String]> = sources.iter().map(|(module, _)| &module[..]).collect();
    let name = |module: &[String]| match module {
        [] => "crate".to_string(),
        module => module.join("::"),
    };
    let mut graph = Graph::new();
    for (module, code) in sources {
        let used = paths(code).into_iter().filter_map(|path| resolve(module, &path, &modules));
        let used = used.filter(|used| used != module).map(|used| name(&used));
        graph.entry(name(module)).or_default().extend(used);
    }
    graph
}

/// Returns the graph of the top-level files and folders.
pub fn top_level(graph: &Graph) -> Graph {
    let top = |module: &str| module.split("::").next().unwrap_or_default().to_string();
    let mut tops = Graph::new();
    for (module, used) in graph {
        let used = used.iter().map(|used| top(used)).filter(|used| *used != top(module));
        tops.entry(top(module)).or_default().extend(used);
    }
    tops
}

/// Returns the groups of modules that use each other, directly or not: each group sorted, with the
/// shortest cycle in it.
pub fn cycles(graph: &Graph) -> Vec<(Vec<String>, Vec<String>)> {
    let mut cycles = Vec::new();
    let mut seen = BTreeSet::new();
    for module in graph.keys() {
        if seen.contains(module) || way(graph, module, module).is_none() {
            continue;
        }
        let group: Vec<String> = graph
            .keys()
            .filter(|other| way(graph, module, other).is_some())
            .filter(|other| way(graph, other, module).is_some())
            .cloned()
            .collect();
        seen.extend(group.iter().cloned());
        let ways = group.iter().filter_map(|module| way(graph, module, module));
        let shortest = ways.min_by_key(Vec::len).expect("each of them is in a cycle");
        cycles.push((group, shortest));
    }
    cycles
}

/// Returns the shortest path with at least one edge.
fn way(graph: &Graph, from: &str, to: &str) -> Option<Vec<String>> {
    let mut reached = BTreeSet::new();
    let mut ways = VecDeque::from([vec![from.to_string()]]);
    while let Some(way) = ways.pop_front() {
        for next in graph.get(way.last()?).into_iter().flatten() {
            let mut longer = way.clone();
            longer.push(next.clone());
            if next == to {
                return Some(longer);
            }
            if reached.insert(next) {
                ways.push_back(longer);
            }
        }
    }
    None
}

/// Returns the module to which `path` in `module` refers: the longest part of it that is a module.
fn resolve(
    module: &[String],
    path: &[String],
    modules: &BTreeSet<&[String]>,
) -> Option<Vec<String>> {
    let mut target = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.to_vec(),
        child => {
            let child = [module, &[child.to_string()]].concat();
            return modules.contains(&child[..]).then(|| longest(module.to_vec(), path, modules));
        }
    };
    let rest = path.iter().position(|part| !matches!(part.as_str(), "crate" | "self" | "super"));
    let rest = rest.unwrap_or(path.len());
    let ups = path[..rest].iter().filter(|part| *part == "super").count();
    target.truncate(target.len().checked_sub(ups)?);
    Some(longest(target, &path[rest..], modules))
}

fn longest(mut target: Vec<String>, path: &[String], modules: &BTreeSet<&[String]>) -> Vec<String> {
    for part in path {
        target.push(part.clone());
        if !modules.contains(&target[..]) {
            target.pop();
            break;
        }
    }
    target
}

/// Returns every path in `code` as the file's own module would write it, including those of `use`
/// trees.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    // Modules within the file, each by its indent: `super` there is the file.
    let mut inner: Vec<usize> = Vec::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let (indent, text) = (line.len() - line.trim_start().len(), line.trim());
        let words: Vec<&str> = text.split(' ').collect();
        if text.ends_with('{') && words.iter().rev().nth(2) == Some(&"mod") {
            inner.push(indent);
        } else if text == "}" && inner.last() == Some(&indent) {
            inner.pop();
        }
        let mut found = Vec::new();
        if let Some(tree) = words.iter().position(|word| *word == "use").filter(|at| *at < 2) {
            let mut tree = words[tree + 1..].join(" ");
            while !tree.contains(';') {
                tree.push_str(lines.next().expect("a `use` ends").trim());
            }
            expand(&tree[..tree.find(';').unwrap_or(tree.len())], &[], &mut found);
        } else {
            inline_paths(text, &mut found);
        }
        paths.extend(found.into_iter().filter_map(|path| from_file(path, inner.len())));
    }
    paths
}

/// Returns `path` as seen from the file's own module, if it is in a module `depth` below and refers
/// to one outside.
fn from_file(mut path: Vec<String>, depth: usize) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|part| *part == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path),
        _ if depth == 0 => Some(path),
        "super" if ups >= depth => {
            path.splice(..depth, ["self".to_string()]);
            Some(path)
        }
        _ => None,
    }
}

/// Collects the paths that the `use` tree `tree` below `prefix` imports.
fn expand(tree: &str, prefix: &[String], found: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let Some((path, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        let parts = path.split("::").map(|part| part.trim().to_string());
        let parts = parts.filter(|part| !part.is_empty() && part != "*");
        return found.push(prefix.iter().cloned().chain(parts).collect());
    };
    let parts = path.split("::").map(|part| part.trim().to_string());
    let prefix: Vec<String> =
        prefix.iter().cloned().chain(parts.filter(|part| !part.is_empty())).collect();
    let inside = &rest[..rest.rfind('}').expect("a brace is closed")];
    let (mut start, mut depth) = (0, 0);
    for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = inside[start..at].trim();
                if part == "self" {
                    found.push(prefix.clone());
                } else if !part.is_empty() {
                    expand(part, &prefix, found);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// Collects the paths of at least two parts in a line of code.
fn inline_paths(text: &str, found: &mut Vec<Vec<String>>) {
    let is_path = |c: char| c == ':' || c == '_' || c.is_ascii_alphanumeric();
    for path in text.split(|c| !is_path(c)).filter(|path| path.contains("::")) {
        let parts = path.split("::").map(|part| part.trim_matches(':').to_string());
        found.push(parts.filter(|part| !part.is_empty()).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the edges of a crate of these files, as `from>to`.
    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        edges_of(&graph_of(files))
    }

    fn graph_of(files: &[(&str, &str)]) -> Graph {
        let module = |path: &str| module_of(Path::new(path));
        let sources: Vec<_> =
            files.iter().map(|(path, code)| (module(path), code.to_string())).collect();
        graph(&sources)
    }

    fn edges_of(graph: &Graph) -> Vec<String> {
        let edges = graph.iter().flat_map(|(from, to)| to.iter().map(move |to| (from, to)));
        edges.map(|(from, to)| format!("{from}>{to}")).collect()
    }

    fn made_up(edges: &str) -> Graph {
        let mut graph = Graph::new();
        for (from, to) in edges.split(' ').filter_map(|edge| edge.split_once('>')) {
            graph.entry(from.into()).or_default().insert(to.into());
            graph.entry(to.into()).or_default();
        }
        graph
    }

    #[test]
    fn a_path_leads_to_its_longest_part_that_is_a_module() {
        let files = [
            ("lib.rs", "pub mod a;\npub mod b;"),
            ("a/mod.rs", "pub mod x;\nmod y;\npub use x::X;\nfn f() { y::g(); }"),
            ("a/x.rs", "use crate::b::{self, B, C::{D, E}};\nuse super::{Z, y::Y};"),
            ("a/y.rs", "fn f() -> crate::b::B { self::g(super::super::b::h()) }"),
            ("b.rs", "use std::a::x;\nuse crate::{\n    a::{\n        x::X as Y,\n    },\n};"),
        ];
        let wanted = ["a>a::x", "a>a::y", "a::x>a", "a::x>a::y", "a::x>b", "a::y>b", "b>a::x"];
        assert_eq!(edges(&files), wanted);
    }

    #[test]
    fn super_of_a_module_within_a_file_is_that_file() {
        let files = [
            ("lib.rs", "pub mod a;"),
            ("a/mod.rs", "pub mod x;"),
            ("a/x.rs", "mod inner {\n    use super::B;\n}\nfn f() {}"),
            ("a/y.rs", "mod inner {\n    use super::super::B;\n}"),
            ("a/z.rs", "mod inner {\n    use super::B;\n}\nuse super::x::X;"),
        ];
        assert_eq!(edges(&files), ["a::y>a", "a::z>a::x"]);
    }

    #[test]
    fn folders_at_the_top_stand_for_the_modules_below() {
        let graph = made_up("a::x>a::y a::y>b::z b::w>a::x c>b");
        assert_eq!(edges_of(&top_level(&graph)), ["a>b", "b>a", "c>b"]);
    }

    #[test]
    fn cycles_are_found_and_the_shortest_of_each_group_is_shown() {
        assert_eq!(cycles(&made_up("a>b b>c a>c c>d")), []);
        let found = cycles(&made_up("a>b b>c c>d d>b c>b x>a y>z z>y d>e"));
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let wanted = [(words("b c d"), words("b c b")), (words("y z"), words("y z y"))];
        assert_eq!(found, wanted);
    }
}
