from lintel.security import new_one_time_token, one_time_hash


class TestToken:
    def test_is_another_one_each_time_and_needs_no_escaping(self) -> None:
        tokens = {new_one_time_token() for _ in range(100)}
        assert len(tokens) == 100
        assert all(len(token) == 43 and token.replace("-", "").replace("_", "").isalnum() for token in tokens)


class TestHash:
    def test_is_the_same_for_the_same_text_alone(self) -> None:
        token = new_one_time_token()
        assert one_time_hash(token) == one_time_hash(token)
        assert len({one_time_hash(text) for text in (token, token + "=", token.lower(), "", "\ud800")}) == 5

    def test_does_not_hold_the_text(self) -> None:
        assert one_time_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
