//! The same answers over HTTP/2.

use std::sync::Arc;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{SendResponse, handshake};
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};

use super::answers::{Answers, HEADERS};

pub(crate) async fn serve<S>(socket: S, answers: Arc<Answers>) -> Result<(), h2::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = handshake(socket).await?;
    while let Some(request) = connection.accept().await {
        let (request, respond) = request?;
        let answers = Arc::clone(&answers);
        tokio::spawn(async move {
            // A stream that its client gave up.
            let _ = answer(request, respond, &answers).await;
        });
    }
    Ok(())
}

async fn answer(
    mut request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    answers: &Answers,
) -> Result<(), h2::Error> {
    while let Some(data) = request.body_mut().data().await {
        let length = data?.len();
        request.body_mut().flow_control().release_capacity(length)?;
    }
    let target = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let mut response = Response::builder();
    for (name, value) in HEADERS {
        response = response.header(name, value);
    }
    // Names and values are constants that are valid.
    let Ok(response) = response.body(()) else { return Ok(()) };
    let mut body = respond.send_response(response, false)?;
    body.send_data(answers.answer(request.method().as_str(), target), true)
}
