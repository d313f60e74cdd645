"""What a refusal looks like."""

from httpx2 import Response

_MEMBERS = {"type", "title", "status", "detail", "instance", "code"}


def is_problem(
    answer: Response, status: int, code: str, pointer: str = "", *, most_bytes: int = 4000
) -> bool:
    """Whether an answer is this problem, complete and brief, and first of all about `pointer`."""
    problem = answer.json()
    assert (answer.status_code, problem.get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(problem) >= _MEMBERS
    assert (problem["status"], problem["type"]) == (status, f"/problems/{code}")
    assert len(answer.content) < most_bytes
    if pointer:
        assert problem["errors"][0]["pointer"] == pointer
        assert pointer[1:] in problem["detail"]
        # whoever shows it has the pointer beside it
        assert not problem["errors"][0]["detail"].startswith(f"{pointer[1:]}: ")
    return True
