//! Walks the pages of a list whose items may shift from page to page meanwhile.
//!
//! No item comes twice; where the counts do not agree, the list is walked again and joined.
//! `totalCount` is an estimate: a full page is never taken for the last one, and a list that stays
//! empty is empty, whatever was counted. Several pages without one are walked until nothing is new.

use std::collections::HashMap;

use http::Method;
use jiff::Timestamp;

use super::ask::{Unanswered, ask};
use crate::model::{Fields, Json, Read};
use crate::transport::{Answer, Call, Request, Transport};

/// The most that Atlas gives on one page.
const PAGE: usize = 500;
/// A list that shifts during every walk is taken as the sum of that many.
const MOST_WALKS: u32 = 3;
/// Bytes of all pages of a list that brought something new: a hundred thousand snapshots.
const LARGEST_LIST: usize = 64 << 20;
/// The items of a list.
const MOST_ITEMS: usize = 100_000;
/// The JSON values and names in these pages (an object counts as several): a snapshot with five
/// fields that are unknown has about 70.
const MOST_VALUES: usize = 4_000_000;

/// What a list is of.
pub(super) trait Listed {
    /// The fields that tell an item from the others, the best first.
    const TOLD_BY: &'static [&'static str];
}

/// All items of a list, in the order in which they were found.
#[derive(Debug)]
pub(super) struct Walked<T> {
    pub(super) items: Vec<T>,
    /// The server's clock at the last page.
    pub(super) server_time: Option<Timestamp>,
    /// What tells each item that was met, and on which walk it was met last.
    known: HashMap<String, u32>,
    walk: u32,
    /// Bytes of the pages that brought something new.
    size: usize,
    /// Their JSON values.
    values: usize,
}

pub(super) struct Page<'a> {
    pub(super) items: Vec<Fields<'a>>,
    total: Option<usize>,
}

/// How an item is made of its JSON, at once, for that takes far more room; `Err` says what is wrong
/// with it, and spoils the list.
type Reader<'a, T> = &'a (dyn Fn(Fields<'_>) -> Result<T, &'static str> + Sync);

/// Reads all pages.
pub(super) async fn walk<T: Listed>(
    transport: &Transport,
    path: &str,
    call: &Call,
    reader: Reader<'_, T>,
) -> Result<Walked<T>, Unanswered> {
    walk_until(transport, path, call, reader, |_| false).await
}

/// Reads pages until a full one is the last that is needed, or to the end.
pub(super) async fn walk_until<T: Listed>(
    transport: &Transport,
    path: &str,
    call: &Call,
    reader: Reader<'_, T>,
    mut is_enough: impl FnMut(&[Fields<'_>]) -> bool,
) -> Result<Walked<T>, Unanswered> {
    let mut walked = Walked::new();
    for _ in 0..MOST_WALKS {
        if walked.once(transport, path, call, reader, &mut is_enough).await? {
            break;
        }
    }
    Ok(walked)
}

/// Reads a list that has no pages.
pub(super) async fn whole<T: Listed>(
    transport: &Transport,
    path: &str,
    call: &Call,
    reader: Reader<'_, T>,
) -> Result<Vec<T>, Unanswered> {
    let answer = ask(transport, &request(path, Vec::new()), call).await?;
    let mut walked = Walked::new();
    let Page { items, .. } = read(&answer, call)?;
    walked.add(items, &answer, call, reader)?;
    Ok(walked.items)
}

impl<T: Listed> Walked<T> {
    pub(super) fn new() -> Self {
        Self {
            items: Vec::new(),
            server_time: None,
            known: HashMap::new(),
            walk: 0,
            size: 0,
            values: 0,
        }
    }

    /// Walks from the first page to the last that is needed; false when the list has shifted under way.
    async fn once(
        &mut self,
        transport: &Transport,
        path: &str,
        call: &Call,
        reader: Reader<'_, T>,
        is_enough: &mut impl FnMut(&[Fields<'_>]) -> bool,
    ) -> Result<bool, Unanswered> {
        self.walk += 1;
        let (mut passed, mut distinct) = (0, 0);
        let known_before = self.items.len();
        let (mut first_total, mut is_steady) = (None, true);
        for number in 1.. {
            let query = vec![("itemsPerPage", PAGE.to_string()), ("pageNum", number.to_string())];
            let answer = ask(transport, &request(path, query), call).await?;
            self.server_time = answer.server_time();
            let Page { items, total } = read(&answer, call)?;
            passed += items.len();
            let is_full = items.len() >= PAGE;
            let is_enough = is_full && is_enough(&items);
            let news = self.add(items, &answer, call, reader)?;
            distinct += news;
            is_steady &= first_total.is_none_or(|first| first == total);
            first_total.get_or_insert(total);
            // An item that moved to a page before, meanwhile, was met on another walk.
            let is_confirmed = total.is_some()
                || distinct == news
                || (self.walk > 1 && self.items.len() == known_before)
                || (news == 0 && number == 2);
            if is_enough {
                return Ok(is_steady && is_confirmed);
            }
            if news == 0 || (!is_full && total.is_some_and(|total| passed >= total)) {
                let is_counted = total.is_none_or(|total| distinct >= total);
                return Ok(is_steady && is_confirmed && is_counted);
            }
        }
        Ok(is_steady)
    }

    /// Adds what is new of a page, within the limits of a list; gives how many items of it were not
    /// met before on this walk.
    pub(super) fn add(
        &mut self,
        items: Vec<Fields<'_>>,
        answer: &Answer,
        call: &Call,
        reader: Reader<'_, T>,
    ) -> Result<usize, Unanswered> {
        let (before, mut news) = (self.items.len(), 0);
        for item in items {
            let met = self.known.insert(name_of::<T>(&item), self.walk);
            news += usize::from(met != Some(self.walk));
            if met.is_none() {
                self.items.push(reader(item).map_err(|why| invalid(answer, why, call))?);
            }
        }
        if self.items.len() > before {
            self.size += answer.size();
            self.values += answer.values();
        }
        let limit = if self.size > LARGEST_LIST {
            format!("the list has no end: its pages hold more than {} MiB", LARGEST_LIST >> 20)
        } else if self.items.len() > MOST_ITEMS {
            format!("the list has no end: it holds more than {MOST_ITEMS} items")
        } else if self.values > MOST_VALUES {
            format!("the list has no end: its pages hold more than {MOST_VALUES} JSON values")
        } else {
            return Ok(news);
        };
        Err(invalid(answer, &limit, call))
    }
}

/// What tells an item from the others of its list: if these fields are not there, all that it says.
fn name_of<T: Listed>(item: &Fields<'_>) -> String {
    let told = |field: &&str| item.get::<String>(field).filter(|name| !name.is_empty());
    let all = || serde_json::to_string(&item.clone().rest()).unwrap_or_default();
    T::TOLD_BY.iter().find_map(told).unwrap_or_else(all)
}

pub(super) fn request(path: &str, query: Vec<(&'static str, String)>) -> Request {
    Request { method: Method::GET, path: path.to_owned(), query, body: None, delivery: None }
}

pub(super) fn read<'a>(answer: &'a Answer, call: &Call) -> Result<Page<'a>, Unanswered> {
    let fields = answer.fields();
    let fields = fields.map_err(|error| Unanswered::invalid(error.after(call.effort())))?;
    let total = fields.get("totalCount");
    let items = match fields.get::<Option<Vec<Json<'_>>>>("results") {
        Some(Some(items)) => items,
        Some(None) if total.is_none_or(|total| total == 0) => Vec::new(),
        Some(None) | None => return Err(invalid(answer, "it is no list", call)),
    };
    let items: Option<Vec<_>> = items.into_iter().map(Fields::read).collect();
    let items =
        items.ok_or_else(|| invalid(answer, "the list holds something else than objects", call))?;
    Ok(Page { items, total })
}

fn invalid(answer: &Answer, why: &str, call: &Call) -> Unanswered {
    Unanswered::invalid(answer.invalid(why).after(call.effort()))
}
