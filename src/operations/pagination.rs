//! Walks the pages of a list whose items may shift from page to page meanwhile.
//!
//! No item comes twice; where the counts do not agree, the list is walked again and joined.
//! `totalCount` is an estimate: a full page is never taken for the last one, and a list that stays
//! empty is empty, whatever was counted. Several pages without one are walked until nothing is new.

use std::collections::HashMap;

use http::Method;
use jiff::Timestamp;

use crate::http::CallContext;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::model::{Fields, Json, Read};
use crate::operations::client::AtlasClient;
use crate::operations::request::{RequestError, send_idempotent};

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
pub(crate) trait Listed {
    /// The fields that tell an item from the others, the best first.
    const IDENTITY: &'static [&'static str];
}

/// All items of a list, in the order in which they were found.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    pub(crate) items: Vec<T>,
    /// The server's clock at the last page.
    pub(crate) server_time: Option<Timestamp>,
    /// What tells each item that was met, and on which walk it was met last.
    known: HashMap<String, u32>,
    collect_all: u32,
    /// Bytes of the pages that brought something new.
    size: usize,
    /// Their JSON values.
    values: usize,
}

pub(crate) struct Page<'a> {
    pub(crate) items: Vec<Fields<'a>>,
    total: Option<usize>,
}

/// How an item is made of its JSON, at once, for that takes far more room; `Err` says what is wrong
/// with it, and spoils the list.
type Reader<'a, T> = &'a (dyn Fn(Fields<'_>) -> Result<T, &'static str> + Sync);

/// Reads all pages.
pub(crate) async fn collect_all<T: Listed>(
    client: &AtlasClient,
    path: &str,
    call: &CallContext,
    reader: Reader<'_, T>,
) -> Result<Pages<T>, RequestError> {
    walk_until(client, path, call, reader, |_| false).await
}

/// Reads pages until a full one is the last that is needed, or to the end.
pub(crate) async fn walk_until<T: Listed>(
    client: &AtlasClient,
    path: &str,
    call: &CallContext,
    reader: Reader<'_, T>,
    mut is_enough: impl FnMut(&[Fields<'_>]) -> bool,
) -> Result<Pages<T>, RequestError> {
    let mut walked = Pages::new();
    for _ in 0..MOST_WALKS {
        if walked.once(client, path, call, reader, &mut is_enough).await? {
            break;
        }
    }
    Ok(walked)
}

/// Reads a list that has no pages.
pub(crate) async fn whole<T: Listed>(
    client: &AtlasClient,
    path: &str,
    call: &CallContext,
    reader: Reader<'_, T>,
) -> Result<Vec<T>, RequestError> {
    let answer = send_idempotent(client, &request(path, Vec::new()), call).await?;
    let mut walked = Pages::new();
    let Page { items, .. } = read(&answer, call)?;
    walked.add(items, &answer, call, reader)?;
    Ok(walked.items)
}

impl<T: Listed> Pages<T> {
    pub(crate) fn new() -> Self {
        Self {
            items: Vec::new(),
            server_time: None,
            known: HashMap::new(),
            collect_all: 0,
            size: 0,
            values: 0,
        }
    }

    /// Walks from the first page to the last that is needed; false when the list has shifted under way.
    async fn once(
        &mut self,
        client: &AtlasClient,
        path: &str,
        call: &CallContext,
        reader: Reader<'_, T>,
        is_enough: &mut impl FnMut(&[Fields<'_>]) -> bool,
    ) -> Result<bool, RequestError> {
        self.collect_all += 1;
        let (mut passed, mut distinct) = (0, 0);
        let known_before = self.items.len();
        let (mut first_total, mut is_steady) = (None, true);
        for number in 1.. {
            let query = vec![("itemsPerPage", PAGE.to_string()), ("pageNum", number.to_string())];
            let answer = send_idempotent(client, &request(path, query), call).await?;
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
                || (self.collect_all > 1 && self.items.len() == known_before)
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
    pub(crate) fn add(
        &mut self,
        items: Vec<Fields<'_>>,
        answer: &Response,
        call: &CallContext,
        reader: Reader<'_, T>,
    ) -> Result<usize, RequestError> {
        let (before, mut news) = (self.items.len(), 0);
        for item in items {
            let met = self.known.insert(name_of::<T>(&item), self.collect_all);
            news += usize::from(met != Some(self.collect_all));
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
    T::IDENTITY.iter().find_map(told).unwrap_or_else(all)
}

pub(crate) fn request(path: &str, query: Vec<(&'static str, String)>) -> Request {
    Request { method: Method::GET, path: path.to_owned(), query, body: None, delivery: None }
}

pub(crate) fn read<'a>(answer: &'a Response, call: &CallContext) -> Result<Page<'a>, RequestError> {
    let fields = answer.fields();
    let fields = fields.map_err(|error| RequestError::invalid(error.after(call.effort())))?;
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

fn invalid(answer: &Response, why: &str, call: &CallContext) -> RequestError {
    RequestError::invalid(answer.invalid(why).after(call.effort()))
}
