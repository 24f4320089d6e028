//! The short run: seeds, found cases, and a few thousand changes of them by chance.

use std::path::Path;

use crate::fuzz::TARGETS;

const CHANGED: usize = 1500;
const LONGEST: usize = 2048;

fn files(kind: &str, target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(kind).join(target);
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Changes bytes, doubles, removes and joins parts, as a fuzzer without feedback would.
fn changed(known: &[Vec<u8>], rng: &mut fastrand::Rng) -> Vec<u8> {
    let mut data = rng.choice(known).cloned().unwrap_or_default();
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(..=data.len());
        let end = rng.usize(at..=data.len().min(at + 40));
        match rng.u8(..6) {
            0 => data.insert(at, rng.u8(..)),
            1 => data.insert(at, *rng.choice(b"\"\\,={}[]:0 \n\r\t%/@-").unwrap()),
            2 => drop(data.drain(at..end)),
            3 => data.splice(at..at, data[at..end].to_vec()).for_each(drop),
            4 => {
                let other = rng.choice(known).cloned().unwrap_or_default();
                data.splice(at..end, other).for_each(drop);
            }
            _ if end > at => data[at] = rng.u8(..),
            _ => data.truncate(at),
        }
    }
    data.truncate(LONGEST);
    data
}

#[test]
fn every_target_has_seeds_and_no_folder_is_of_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for kind in ["seeds", "found"] {
        for entry in std::fs::read_dir(folder.join(kind)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(TARGETS.iter().any(|(target, _)| *target == name), "{kind}/{name}");
        }
    }
    for (name, _) in TARGETS {
        assert!(!files("seeds", name).is_empty(), "{name}");
        assert!(folder.join("targets").join(format!("{name}.rs")).exists(), "{name}");
    }
}

#[test]
#[allow(clippy::print_stdout)] // shown with the failure
fn what_was_found_is_found_no_more() {
    for (name, target) in TARGETS {
        for data in files("seeds", name).iter().chain(&files("found", name)) {
            println!("{name}: {}", String::from_utf8_lossy(data));
            target(data);
        }
    }
}

#[test]
fn small_changes_find_nothing() {
    let mut rng = fastrand::Rng::with_seed(0x0a71_a5ba_c0b5);
    for (name, target) in TARGETS {
        let known = [files("seeds", name), files("found", name)].concat();
        for _ in 0..CHANGED {
            let data = changed(&known, &mut rng);
            let shown = String::from_utf8_lossy(&data).into_owned();
            let outcome = std::panic::catch_unwind(|| target(&data));
            assert!(outcome.is_ok(), "{name} is wrong about {data:?}: {shown}");
        }
    }
}
