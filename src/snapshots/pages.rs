//! Walks the pages of a list whose items may shift from page to page meanwhile.
//!
//! No item comes twice; where the counts do not agree, the list is walked again and joined.
//! `totalCount` is an estimate: a full page is never taken for the last one, and a list that stays
//! empty is empty, whatever was counted.

use std::collections::HashSet;

use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::ask::{Unanswered, ask};
use crate::error::{Error, Failure, RequestLine};
use crate::model::JsonObject;
use crate::transport::{Answer, Call, Request, Transport};

/// The most that Atlas gives on one page.
const PAGE: usize = 500;
/// A list that shifts during every walk is taken as the sum of that many.
const MOST_WALKS: u32 = 3;
/// Bytes of all pages of a list, in all walks: a hundred thousand snapshots.
const LARGEST_LIST: usize = 64 << 20;

/// All items of a list, in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) items: Vec<JsonObject>,
    /// The server's clock at the last page.
    pub(super) server_time: Option<Timestamp>,
    known: HashSet<String>,
    /// Bytes of the pages that were read.
    size: usize,
}

pub(super) struct Page {
    pub(super) items: Vec<JsonObject>,
    total: Option<usize>,
}

/// Reads all pages.
pub(super) async fn walk(
    transport: &Transport,
    path: &str,
    call: &Call,
) -> Result<Walked, Unanswered> {
    walk_until(transport, path, call, |_| false).await
}

/// Reads pages until a full one is the last that is needed, or to the end.
pub(super) async fn walk_until(
    transport: &Transport,
    path: &str,
    call: &Call,
    mut is_enough: impl FnMut(&[JsonObject]) -> bool,
) -> Result<Walked, Unanswered> {
    let mut walked = Walked::default();
    for _ in 0..MOST_WALKS {
        if walked.once(transport, path, call, &mut is_enough).await? {
            break;
        }
    }
    Ok(walked)
}

/// Reads a list that has no pages.
pub(super) async fn whole(
    transport: &Transport,
    path: &str,
    call: &Call,
) -> Result<Vec<JsonObject>, Unanswered> {
    let mut answer = ask(transport, &request(path, Vec::new()), call).await?;
    let mut walked = Walked::default();
    walked.add(read(&mut answer, call)?.items);
    Ok(walked.items)
}

impl Walked {
    /// Walks from the first page to the last that is needed; false when the list has shifted under way.
    async fn once(
        &mut self,
        transport: &Transport,
        path: &str,
        call: &Call,
        is_enough: &mut impl FnMut(&[JsonObject]) -> bool,
    ) -> Result<bool, Unanswered> {
        let (mut passed, mut distinct) = (0, HashSet::new());
        let (mut first_total, mut is_steady) = (None, true);
        for number in 1.. {
            let query = vec![("itemsPerPage", PAGE.to_string()), ("pageNum", number.to_string())];
            let mut answer = ask(transport, &request(path, query), call).await?;
            self.server_time = answer.server_time();
            let Page { items, total } = read(&mut answer, call)?;
            self.size += answer.size();
            if self.size > LARGEST_LIST {
                return Err(invalid(&answer, "the list has no end", call));
            }
            passed += items.len();
            let is_full = items.len() >= PAGE;
            let news =
                items.iter().filter_map(name_of).filter(|it| distinct.insert(it.to_string()));
            let news = news.count();
            let is_spoilt = items.iter().any(|item| name_of(item).is_none());
            let is_enough = is_full && is_enough(&items);
            self.add(items);
            if is_spoilt {
                return Ok(true); // the reader refuses that item; another walk would not mend it
            }
            is_steady &= first_total.is_none_or(|first| first == total);
            first_total.get_or_insert(total);
            if is_enough {
                return Ok(is_steady);
            }
            if news == 0 || (!is_full && total.is_some_and(|total| passed >= total)) {
                return Ok(is_steady && total.is_none_or(|total| distinct.len() >= total));
            }
        }
        Ok(is_steady)
    }

    fn add(&mut self, items: Vec<JsonObject>) {
        for item in items {
            // One that cannot be told from others is for the reader to refuse.
            if name_of(&item).is_none_or(|name| self.known.insert(name.to_owned())) {
                self.items.push(item);
            }
        }
    }
}

/// Makes something of every item; one that cannot be used spoils the list.
pub(super) fn read_items<T>(
    items: Vec<JsonObject>,
    path: &str,
    call: &Call,
    read: impl Fn(JsonObject) -> Result<T, &'static str>,
) -> Result<Vec<T>, Unanswered> {
    items.into_iter().map(read).collect::<Result<_, _>>().map_err(|why| {
        let line = RequestLine { method: Method::GET, path: path.to_owned() };
        Unanswered::invalid(Error::InvalidResponse(Failure::new(&line, why)).after(call.effort()))
    })
}

/// What tells an item from the others of its list.
fn name_of(item: &JsonObject) -> Option<&str> {
    ["id", "name"].into_iter().find_map(|field| item.get(field)?.as_str())
}

pub(super) fn request(path: &str, query: Vec<(&'static str, String)>) -> Request {
    Request { method: Method::GET, path: path.to_owned(), query, body: None }
}

pub(super) fn read(answer: &mut Answer, call: &Call) -> Result<Page, Unanswered> {
    let object = answer.take_object();
    let mut object = object.map_err(|error| Unanswered::invalid(error.after(call.effort())))?;
    let total = object.get("totalCount").and_then(Value::as_u64);
    let total = total.and_then(|total| usize::try_from(total).ok());
    let items = match object.remove("results") {
        Some(Value::Array(items)) => items,
        Some(Value::Null) if total.is_none_or(|total| total == 0) => Vec::new(),
        _ => return Err(invalid(answer, "it is no list", call)),
    };
    let object_of = |item| if let Value::Object(object) = item { Some(object) } else { None };
    let objects: Option<Vec<JsonObject>> = items.into_iter().map(object_of).collect();
    let items = objects
        .ok_or_else(|| invalid(answer, "the list holds something else than objects", call))?;
    Ok(Page { items, total })
}

fn invalid(answer: &Answer, why: &str, call: &Call) -> Unanswered {
    Unanswered::invalid(answer.invalid(why).after(call.effort()))
}
