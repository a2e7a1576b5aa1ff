-- A renewed certificate, authority or list of revocations is taken over while the router runs: a new process would cost
-- every charger its socket. Kubernetes renews the files; VOLTRING_CERTIFICATES names them as `cert=/path ca-file=/path`.
local socket_path = "unix@" .. os.getenv("VOLTRING_RUNTIME_SOCKET")
local seconds = tonumber(os.getenv("VOLTRING_CERTIFICATES_SECONDS") or "60")
local watched = {}
for kind, path in os.getenv("VOLTRING_CERTIFICATES"):gmatch("(%S+)=(%S+)") do
    watched[#watched + 1] = { kind = kind, path = path }
end

local function ask(words)
    local socket = core.tcp()
    socket:settimeout(5)
    if not socket:connect(socket_path) then
        return ""
    end
    socket:send(words .. "\n")
    local answer = socket:receive("*a")
    socket:close()
    return answer or ""
end

local function read(path)
    local file = io.open(path, "rb")
    if not file then
        return ""
    end
    local text = file:read("*a")
    file:close()
    return text
end

-- What a file holds; a certificate's key is beside it. An empty line would end it for the runtime socket.
local function content(one)
    local text = read(one.path)
    if one.kind == "cert" and text ~= "" then
        text = text .. "\n" .. read(one.path .. ".key")
    end
    return (text:gsub("\r", ""):gsub("\n\n+", "\n"))
end

local function take_over(one, text)
    local made = ask("set ssl " .. one.kind .. " " .. one.path .. " <<\n" .. text .. "\n")
    local done = ask("commit ssl " .. one.kind .. " " .. one.path)
    if done:find("Success") then
        core.log(core.notice, "taken over: " .. one.path)
        return true
    end
    ask("abort ssl " .. one.kind .. " " .. one.path)
    core.log(core.alert, "not taken over: " .. one.path .. ": " .. (made .. done):sub(1, 300))
    return false
end

for _, one in ipairs(watched) do
    one.held = content(one)
end

core.register_task(function()
    while true do
        core.sleep(seconds)
        for _, one in ipairs(watched) do
            local text = content(one)
            -- One that is refused is told of once, and tried again when it changes.
            if text ~= "" and text ~= one.held then
                take_over(one, text)
                one.held = text
            end
        end
    end
end)
