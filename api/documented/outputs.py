"""What a job made: its files, all of them at once, and previews."""

from api.documented.parts import IF_NONE_MATCH, STORES, Responses, header, parameter, problems


def preview_responses() -> Responses:
    """Answers to fetching a preview."""
    content = {"image/*": {"schema": {"type": "string", "format": "binary"}}}
    headers = {
        "ETag": header("The file's sha256."),
        "Content-Location": header("The address of the preview that this is."),
    }
    return {
        200: {"description": "The picture", "content": content, "headers": headers},
        304: {"description": "It has not changed"},
        **problems("unknown_job", "unknown_preview", "gone", *STORES),
    }


def output_responses() -> Responses:
    """Answers to fetching an output."""
    content = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    headers = {
        "ETag": header("The file's sha256."),
        "Content-Disposition": header("A name for the file."),
        "Accept-Ranges": header("`bytes`."),
    }
    part = {**headers, "Content-Range": header("Which bytes these are.")}
    return {
        200: {"description": "The file", "content": content, "headers": headers},
        206: {"description": "The part asked for", "content": content, "headers": part},
        304: {"description": "It is the one at hand"},
        **problems(
            *("unknown_job", "unknown_output", "job_not_finished", "no_outputs", "gone"),
            *("range_not_satisfiable", *STORES),
        ),
    }


OUTPUT_EXTRA = {
    "parameters": [
        parameter("Range", "One range of bytes.", "bytes=0-99"),
        parameter("If-Range", "The entity tag that the range is of.", f'"{"0" * 64}"'),
        IF_NONE_MATCH,
    ]
}


def archive_responses() -> Responses:
    """Answers to fetching all outputs."""
    content = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
    headers = {
        "ETag": header("Stands for the names and contents of the files."),
        "Content-Disposition": header("A name for the archive."),
    }
    return {
        200: {"description": "The archive", "content": content, "headers": headers},
        304: {"description": "It is the one at hand"},
        **problems("unknown_job", "job_not_finished", "no_outputs", "gone", *STORES),
    }


ARCHIVE_EXTRA = {"parameters": [IF_NONE_MATCH]}
