"""What is asked of accounts: who they are, what they keep, and the keys of their devices."""

from tests.matrix_api.calls import Call, Endpoint, at
from tests.matrix_api.limits import Json, Refused
from tests.matrix_api.state import SERVER, Account, World

VERSIONS = [f"v1.{minor}" for minor in range(1, 16)]
PASSWORD = "m.login.password"
KEYS = ("master_key", "self_signing_key", "user_signing_key")


class Accounts:
    """Signing in, profiles, account data, keys."""

    def __init__(self, world: World) -> None:
        self.world = world
        v3 = "client/v3/"
        self.table: tuple[Endpoint, ...] = (
            at("versions", "GET", "client/versions", lambda _: {"versions": VERSIONS}, signed_in=False),
            at("capabilities", "GET", v3 + "capabilities", lambda _: {"capabilities": {}}),
            at("flows", "GET", v3 + "login", lambda _: {"flows": [{"type": PASSWORD}]}, signed_in=False),
            at("login", "POST", v3 + "login", self._login, signed_in=False),
            at("logout", "POST", v3 + "logout", self._logout),
            at("whoami", "GET", v3 + "account/whoami", self._whoami),
            at("devices", "GET", v3 + "devices", self._devices),
            at("profile", "GET", v3 + "profile/{user}", self._profile),
            at("profile", "GET", v3 + "profile/{user}/displayname", self._profile),
            at("set_name", "PUT", v3 + "profile/{user}/displayname", self._set_name),
            at("account_data", "GET", v3 + "user/{user}/account_data/{kind}", self._data),
            at("set_account_data", "PUT", v3 + "user/{user}/account_data/{kind}", self._set_data),
            at("filter", "POST", v3 + "user/{user}/filter", self._filter),
            at("presence", "PUT", v3 + "presence/{user}/status", lambda _: {}),
            at("keys_upload", "POST", v3 + "keys/upload", self._upload_keys),
            at("keys_query", "POST", v3 + "keys/query", self._query_keys),
            at("keys_claim", "POST", v3 + "keys/claim", self._claim_keys),
            at("cross_signing", "POST", v3 + "keys/device_signing/upload", self._cross_signing),
            at("signatures", "POST", v3 + "keys/signatures/upload", self._sign),
            at("to_device", "PUT", v3 + "sendToDevice/{kind}/{txn}", lambda _: {}),
        )

    def _own(self, call: Call) -> Account:
        """Whoever asks. Raises Refused if they ask for somebody else's."""
        if call.path["user"] != call.user:
            raise Refused(403, "M_FORBIDDEN", "Cannot do that for other users.")
        return self.world.accounts[call.user]

    # --- signing in

    def _login(self, call: Call) -> Json:
        given = call.body
        if given.get("type") != PASSWORD or "user" not in given.get("identifier", {}) or "password" not in given:
            raise Refused(400, "M_UNKNOWN", "Missing JSON keys.")
        name = given["identifier"]["user"]
        account = self.world.accounts.get(name if name.startswith("@") else f"@{name}:{SERVER}")
        if account is None or account.password != given["password"]:
            raise Refused(403, "M_FORBIDDEN", "Invalid username or password")
        device = given.get("device_id") or self.world.name()[:10].upper()
        return {
            "user_id": account.name,
            "access_token": self.world.sign_in(account, device),
            "home_server": SERVER,
            "device_id": device,
        }

    def _logout(self, call: Call) -> Json:
        own = (call.user, call.device)
        self.world.tokens = {token: who for token, who in self.world.tokens.items() if who != own}
        return {}

    def _whoami(self, call: Call) -> Json:
        return {"user_id": call.user, "is_guest": False, "device_id": call.device}

    def _devices(self, call: Call) -> Json:
        devices = dict.fromkeys(device for user, device in self.world.tokens.values() if user == call.user)
        return {"devices": [{"user_id": call.user, "device_id": device} for device in devices]}

    # --- what they keep

    def _profile(self, call: Call) -> Json:
        account = self.world.accounts.get(call.path["user"])
        if account is None:
            raise Refused(404, "M_UNKNOWN", "No row found (profiles)")
        return {"displayname": account.display_name}

    def _set_name(self, call: Call) -> Json:
        account = self._own(call)
        account.display_name = call.body["displayname"]
        return {}

    def _data(self, call: Call) -> Json:
        found = self._own(call).data.get(call.path["kind"])
        if found is None:
            raise Refused(404, "M_NOT_FOUND", "Account data not found")
        return found[1]

    def _set_data(self, call: Call) -> Json:
        self.world.keep(self._own(call), call.path["kind"], call.body)
        return {}

    def _filter(self, call: Call) -> Json:
        filters = self._own(call).filters
        filters.append(call.body)
        return {"filter_id": str(len(filters) - 1)}

    # --- keys

    def _upload_keys(self, call: Call) -> Json:
        account = self.world.accounts[call.user]
        if keys := call.body.get("device_keys"):
            account.devices[call.device] = keys
        account.one_time.setdefault(call.device, {}).update(call.body.get("one_time_keys", {}))
        return {"one_time_key_counts": account.one_time_count(call.device)}

    def _query_keys(self, call: Call) -> Json:
        asked = {name: self.world.accounts[name] for name in call.body["device_keys"] if name in self.world.accounts}
        crossed = {
            f"{kind}s": {name: one.cross_signing[kind] for name, one in asked.items() if kind in one.cross_signing}
            for kind in KEYS
        }
        return {"device_keys": {name: one.devices for name, one in asked.items()}, "failures": {}, **crossed}

    def _claim_keys(self, call: Call) -> Json:
        found: Json = {}
        for name, devices in call.body["one_time_keys"].items():
            for device in devices:
                if keys := self.world.accounts[name].one_time.get(device, {}):
                    key = next(iter(keys))
                    found.setdefault(name, {})[device] = {key: keys.pop(key)}
        return {"one_time_keys": found, "failures": {}}

    def _cross_signing(self, call: Call) -> Json:
        self.world.accounts[call.user].cross_signing.update(call.body)
        return {}

    def _sign(self, call: Call) -> Json:
        devices = self.world.accounts[call.user].devices
        for name, signed in call.body.get(call.user, {}).items():
            if name in devices:
                signatures = {**devices[name]["signatures"][call.user], **signed["signatures"][call.user]}
                devices[name] = {**devices[name], "signatures": {call.user: signatures}}
        return {"failures": {}}
